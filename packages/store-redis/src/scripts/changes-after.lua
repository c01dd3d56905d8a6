-- Units of a bucket that were written after two positions, of sessions and of owners, at most so many of each: for both
-- the newest position, the members and their positions in pairs, and 1 when there is more that has no position yet.
-- 'lost' when the positions are of other data.
-- keys: changes ownerChanges
-- arguments: sessionsAfter:number ownersAfter:number limit
-- #include clock
-- #include positions
-- Units of a stream that one call gives their positions.
local most = 1000

local function after(changes, position)
  if position > 0 then
    local floor = redis.call('ZSCORE', changes, '')
    if not floor or position < tonumber(floor) or position > tonumber(newestOf(changes)) then return nil end
  end
  local more = placeWritten(changes, most) == most and 1 or 0
  return { newestOf(changes), placedAfter(changes, num(position), limit), more }
end
local sessions, owners = after(CHANGES, sessionsAfter), after(OWNER_CHANGES, ownersAfter)
if not sessions or not owners then return { 'lost' } end
return { 'changes', sessions, owners }
