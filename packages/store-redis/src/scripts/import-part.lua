-- Takes a part of a copy, when the session still has the head that the caller saw. Derivations and retractions are
-- `seq=from-to,…;`. `first` is where a new copy begins; what is named `source` is of the session that is copied.
-- #include unit
-- #include rewrite
-- #include removals
-- arguments: session seenHead? incarnation first:number created updated ttl:number newSubject rest
-- arguments: newRevision:number bytes:number cells erasedRanges keptRanges derivations sourceRemoval:number sourceRemoved retractions earliest:number fence:number? token
-- list: operations(id row)
-- list: events
-- #include require-room
local h, lost, mark = openHead(session)
if lost and lost ~= 'evicted' then return { lost } end
if lost == 'evicted' and mark.inc ~= incarnation then return { lost } end
-- #include check-fence
if (h and headText(h)) ~= seenHead then return { 'changed' } end
local adds = eventsCount > 0 or operationsCount > 0
local changed = {}
local isNew, tokenBefore = not h, tokenFound(h)
local subject = subjectOf(mark)
if not h then
  subject = ''
  h = createHead(session, incarnation, ttl, false, '', rest, mark)
  h.first = first
  h.version = first - 1
  h.sealed = '1'
  revise(h, token, newRevision)
end
for index = 1, eventsCount do
  local element = ARGV[eventsFrom + index]
  if index == 1 then redis.call('LSET', LOG, -1, element) else redis.call('RPUSH', LOG, element) end
end
h.version = h.version + eventsCount
h.bytes = h.bytes + bytes
if eventsCount > 0 then
  if redis.call('APPEND', COLUMNS, cells) ~= (h.version - h.first + 1) * 2 then redis.call('UNLINK', COLUMNS) end
  redis.call('RPUSH', LOG, headText(h))
end
-- No event is older than what the index says, so that a scan knows where to look.
local known = tonumber(redis.call('ZSCORE', CREATED, session) or earliest)
redis.call('ZADD', CREATED, num(math.min(known, earliest)), session)
local landed = {}
for index = 1, eventsCount do
  addLandmark(h.version - eventsCount + index, partsOf(ARGV[eventsFrom + index], landed).code)
end
for index = 1, operationsCount do
  -- One that this id had in an ended incarnation is replaced, and was counted.
  if redis.call('HSET', OPERATIONS, operationsAt(index)) == 1 then h.ops = h.ops + 1 end
end
for seq, ranges in string.gmatch(derivations, '(%d+)=([^;]*);') do redis.call('HSET', DERIVED, seq, ranges) end
local retracted = {}
retractAll(h, retractions, 0, retracted)
if erasedRanges ~= '' or keptRanges ~= '' then
  local _, blanked = blankEvents(h, pairsOf(erasedRanges), pairsOf(keptRanges))
  changed = blanked
end
if not isNew and (adds or #changed > 0) then revise(h, token, newRevision) end
if adds or isNew then
  adoptRemoved(sourceRemoved)
  h.removal = math.max(h.removal, sourceRemoval)
end
-- Under the copy's own revision: its removal revision may be beyond the one that the source had for a retraction. A new copy
-- has the source's own account of what its retractions took out.
if not isNew then noteRemoval(h, spansOf(retracted)) end
noteRemoval(h, changed)
if adds or isNew then
  h.created, h.updated, h.ttl, h.rest = created, updated, ttl, rest
  changeSubject(session, subject, newSubject)
  subject = newSubject
  h.expires = ttl > 0 and now + ttl or 0
end
if adds or isNew or #changed > 0 then saveHead(session, h, subject) end
return { 'ok', headText(h), tokenBefore }
