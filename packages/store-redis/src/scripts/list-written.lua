-- Puts sessions in their place by last write. A head was read after the position of its session; when that is still the
-- newest one, so is what the head said. What was written or has ended in between comes with its later position.
-- #include clock
-- #include listed
-- keys: updated changes sessions
-- arguments: from to
-- list: written(session position updatedAt)
local left = redis.call('PTTL', SESSIONS)
if left == -2 then return { 'none' } end
-- Another list may have come further, and what this one read is no start for it.
local isNext = listedUpTo() == from
-- A script that begins by removing goes on without any room: a list works on a server that is full.
redis.call('ZREM', UPDATED, '')
for index = 1, writtenCount do
  local session, position, updatedAt = writtenAt(index)
  if redis.call('ZSCORE', CHANGES, session) == position then redis.call('ZADD', UPDATED, updatedAt, session) end
end
if isNext then redis.call('ZADD', UPDATED, to, '\0') end
if left > 0 then redis.call('PEXPIRE', UPDATED, num(left)) end
return { 'listed' }
