-- Units of a bucket that were written after two positions, of sessions and of owners, at most so many of each: for both
-- the members and their positions in pairs, and the newest position; 'lost' when the positions are of other data.
-- keys: changes ownerChanges
-- access: read
-- arguments: sessionsAfter:number ownersAfter:number limit
local function after(changes, position)
  local newest = redis.call('ZREVRANGE', changes, 0, 0, 'WITHSCORES')[2] or '0'
  if position > 0 then
    local floor = redis.call('ZSCORE', changes, '')
    if not floor or position < tonumber(floor) or position > tonumber(newest) then return nil end
  end
  local found = redis.call('ZRANGEBYSCORE', changes, string.format('(%d', position), '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
  return { newest, found }
end
local sessions, owners = after(CHANGES, sessionsAfter), after(OWNER_CHANGES, ownersAfter)
if not sessions or not owners then return { 'lost' } end
return { 'ok', sessions, owners }
