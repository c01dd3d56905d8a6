-- A part of the log as it is, as much of it as may be read at once: at most `batchBytes` beyond the first event.
-- `knownState` is the state of the session whose operations the caller knows, left out by one who wants none.
--
-- Answers the head, the first seq, the events, and the state with all operations of both generations, the mark and
-- those of ended incarnations among them, and what was removed.
-- keys: log operations olderOperations derived
-- access: read
-- arguments: first:number limit:number knownState? batchBytes:number
-- #include open-for-read
-- #include elements
local state, operations = h.inc .. '|' .. num(h.revision), {}
if knownState then
  local mark = readMark()
  if not mark or mark.inc ~= h.inc or redis.call('HLEN', OPERATIONS) ~= h.ops or (h.old > 0 and redis.call('HLEN', OLDER_OPERATIONS) ~= h.old) then
    return { 'incomplete' }
  end
  if knownState ~= state then operations = { redis.call('HGETALL', OLDER_OPERATIONS), redis.call('HGETALL', OPERATIONS) } end
end
first = math.max(first, h.first)
local last = math.min(first + limit - 1, h.version)
local events, bytes = {}, 0
local most = math.min(batchBytes, mostBytes)
eachElement(h, first, last, 1, function(element)
  bytes = bytes + #element
  if bytes > most and #events > 0 then return true end
  events[#events + 1] = element
end)
return { 'ok', text, first, events, state, operations, redis.call('HGET', DERIVED, '') or '' }
