-- Positions of units among the changes of their bucket: microseconds that only grow. No unit begins with NUL, as three
-- entries do that stand beside them, or is empty: the empty one has the position up to which entries may be missing,
-- `NUL newest` the newest that was given. NUL stands there as long as units live that can all end with their keys,
-- without a script that tells: `sweep-changes` then does.
local function newestOf(changes) return redis.call('ZSCORE', changes, '\0newest') or '0' end

-- Gives units the next positions, in their order. Answers the first.
local function place(changes, units)
  local first = math.max(newestOf(changes) + 1, time[1] * 1000000 + time[2])
  -- A script that begins by removing goes on without any room: reading works on a server that is full.
  redis.call('ZREM', changes, '\0newest')
  if not redis.call('ZSCORE', changes, '') then redis.call('ZADD', changes, num(first - 1), '', 0, '\0') end
  for index, unit in ipairs(units) do redis.call('ZADD', changes, num(first + index - 1), unit) end
  redis.call('ZADD', changes, num(first + #units - 1), '\0newest')
  return first
end

-- Gives what is marked its position, some at a time. Answers how many units it were.
local function placeWritten(changes, limit)
  local units = redis.call('ZRANGEBYSCORE', changes, '+inf', '+inf', 'LIMIT', 0, limit)
  if #units > 0 then place(changes, units) end
  return #units
end

-- What stands behind a position, with positions, in pairs.
local function placedAfter(changes, position, limit)
  return redis.call('ZRANGEBYSCORE', changes, '(' .. position, '(+inf', 'WITHSCORES', 'LIMIT', 0, limit)
end
