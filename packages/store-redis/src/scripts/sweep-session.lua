-- The upkeep of one session that may have expired. Answers 1 when it did. What it cannot read it leaves alone.
-- #include unit
-- arguments: session
local text = redis.call('LINDEX', LOG, -1)
local h = text and parseHead(text) or nil
local mark, unreadable = readMark()
if (text and not h) or unreadable then return 0 end
if h and h.expires > now then
  redis.call('ZADD', EXPIRING, num(h.expires), session)
  return 0
end
if h and h.expires == 0 then
  redis.call('ZREM', EXPIRING, session)
  return 0
end
if not text and mark and isEvicted(mark) then
  -- Lost, until it is deleted or could have expired anyway.
  if mark.bound == 0 then redis.call('ZREM', EXPIRING, session)
  else redis.call('ZADD', EXPIRING, num(mark.bound), session) end
  return 0
end
local lived = h ~= nil or (mark ~= nil and mark.inc ~= '')
endSession(session, subjectOf(mark))
return lived and 1 or 0
