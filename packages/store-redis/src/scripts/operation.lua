-- keys: log operations olderOperations
-- access: read
-- arguments: operation
-- #include open-for-read
-- #include operations
local known = findOperation(h, operation)
if type(known) == 'string' then return { known } end
if not known or known.inc ~= h.inc then return { 'none' } end
return { 'ok', known.fingerprint, known.first, known.version, known.inc, known.revision }
