-- The checks of an append in the order of the port: incarnation, operation, seal, fence, version. `h` may be nil.
-- arguments: incarnation? operation? fingerprint? expectedVersion:number? fence:number? token cells bytes:number
if incarnation and (not h or h.inc ~= incarnation) then return { 'ended' } end
if operation then
  local known = findOperation(h, operation)
  if type(known) == 'string' then return { known } end
  if known then
    if not h or known.inc ~= h.inc then return { 'ended' } end
    if known.fingerprint ~= fingerprint then return { 'operation' } end
    return { 'replayed', known.first, known.version, known.inc, known.revision, '=' .. h.token }
  end
end
if h and h.sealed == '1' then return { 'sealed' } end
-- #include check-fence
local before = h and h.version or 0
if expectedVersion and expectedVersion ~= before then return { 'version', before } end
