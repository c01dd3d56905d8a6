-- The checks of an append in the order of the port: incarnation, operation, seal, fence, version. Of the session it knows
-- `inc`, nil when there is none, `ops`, `old`, `sealed`, `before`, its version, and `found`, its token and incarnation.
-- #include append-guards
if operation then
  -- #include operations
  if row then
    if madeIn ~= inc then return { 'ended' } end
    if known ~= fingerprint then return { 'operation' } end
    return { 'replayed', tonumber(first), tonumber(version), tonumber(revision), found }
  end
end
if sealed == '1' then return { 'sealed' } end
-- #include append-conditions
