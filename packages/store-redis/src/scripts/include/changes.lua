-- What was written in a bucket, for consumers of the change feed: its units by the position of their newest write, those
-- of sessions and those of owners apart, since they end at different times. Positions are microseconds that only grow.
-- The empty member has the position up to which entries may be missing. NUL stands there as long as units live that can
-- all end with their keys, without a script that tells: `sweep-changes` then does.
local weekMs = 7 * 86400000

local function noteChange(changes, unit)
  local newest = redis.call('ZREVRANGE', changes, 0, 0, 'WITHSCORES')[2]
  local position = newest and math.max(tonumber(newest) + 1, micros) or micros
  if not newest then redis.call('ZADD', changes, num(position - 1), '') end
  redis.call('ZADD', changes, num(position), unit)
  return num(position)
end
