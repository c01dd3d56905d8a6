-- keys: log operations olderOperations
-- access: read
-- arguments: operation
-- #include open-for-read
local inc, ops, old = h.inc, h.ops, h.old
-- #include operations
if madeIn ~= inc then return { 'none' } end
return { 'ok', known, tonumber(first), tonumber(version), inc, tonumber(revision) }
