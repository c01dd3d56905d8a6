-- Operations of an owner's document writes, two generations of a day each; the empty field says when the next begins.
-- keys: ownerOperations? olderOwnerOperations?
-- arguments: operation? fingerprint?
local owner = operation and ownerOf(({{first}}))
if operation then
  local field = owner .. '\0\0' .. operation
  local row = redis.call('HGET', OWNER_OPERATIONS, field) or redis.call('HGET', OLDER_OWNER_OPERATIONS, field)
  if row then
    local known, written = string.match(row, '^([^|]*)|(.*)$')
    if not known then return { 'corrupt' } end
    return { 'replayed', known, written, '' }
  end
end

local function recordOperation(written)
  if not operation then return end
  local dayMs = 86400000
  local rotate = redis.call('HGET', OWNER_OPERATIONS, '')
  if rotate and now >= tonumber(rotate) then redis.call('RENAME', OWNER_OPERATIONS, OLDER_OWNER_OPERATIONS) end
  if not rotate or now >= tonumber(rotate) then redis.call('HSET', OWNER_OPERATIONS, '', num(now + dayMs)) end
  redis.call('HSET', OWNER_OPERATIONS, owner .. '\0\0' .. operation, fingerprint .. '|' .. written)
  for _, key in ipairs({ OWNER_OPERATIONS, OLDER_OWNER_OPERATIONS }) do
    redis.call('PEXPIREAT', key, num(now + 2 * dayMs + 3600000))
  end
end
