-- Operations of document writes stand among those of appends, behind a NUL that no id has: they live and are counted
-- with them. Their rows have what a replay needs, and no content.
-- arguments: operation? fingerprint?
if operation then
  local row = redis.call('HGET', OPERATIONS, '\0' .. operation)
  if not row and (not h or h.old > 0) then row = redis.call('HGET', OLDER_OPERATIONS, '\0' .. operation) end
  if row then
    local inc, known, written = string.match(row, '^([^|]*)|([^|]*)|(.*)$')
    if not inc then return { 'corrupt' } end
    if not h or inc ~= h.inc then return { 'ended' } end
    return { 'replayed', known, written, inc }
  end
  if h and h.old > 0 and redis.call('HLEN', OLDER_OPERATIONS) ~= h.old then return { 'incomplete' } end
end

local function recordOperation(written)
  if not operation then return end
  isRecorded = true
  local row = h.inc .. '|' .. fingerprint .. '|' .. written
  if redis.call('HSET', OPERATIONS, '\0' .. operation, row) == 1 then h.ops = h.ops + 1 end
end
