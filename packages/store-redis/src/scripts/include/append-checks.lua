-- The checks of an append in the order of the port: incarnation, operation, seal, fence, version. Of the session it knows
-- `inc`, nil when there is none, `ops`, `old`, `sealed`, `before`, its version, and `found`, its token and incarnation.
-- What is rarely named is one argument, `incarnation|expectedVersion|fence`: each costs time.
-- arguments: guards? operation? fingerprint? token cells bytes:number
local incarnation, expectedVersion, fence
if guards then
  incarnation, expectedVersion, fence = string.match(guards, '^([^|]*)|(%d*)|(%d*)$')
  expectedVersion, fence = tonumber(expectedVersion), tonumber(fence)
  if incarnation ~= '' and inc ~= incarnation then return { 'ended' } end
end
if operation then
  -- #include operations
  if row then
    if madeIn ~= inc then return { 'ended' } end
    if known ~= fingerprint then return { 'operation' } end
    return { 'replayed', tonumber(first), tonumber(version), tonumber(revision), found }
  end
end
if sealed == '1' then return { 'sealed' } end
-- #include check-fence
if expectedVersion and expectedVersion ~= before then return { 'version', before } end
