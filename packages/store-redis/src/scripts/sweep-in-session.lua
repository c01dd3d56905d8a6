-- The upkeep of one session's documents. Answers how many went. What it cannot read it leaves alone.
-- arguments: session limit:number
-- #include in-session
local h, lost = openHead(session)
if lost == 'newer' then return { 'ok', 0 } end
if not h or lost then
  redis.call('ZREM', DOCUMENTS_DUE, session)
  return { 'ok', 0 }
end
local count = sweepDocuments(limit)
keepSession(h)
return { 'ok', count }
