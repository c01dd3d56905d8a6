-- Any append, with all keys of the session. Retractions and derivations are `offset=from-to,…;` with the event's place
-- behind the version; `sources` are all derivations, ascending and apart.
-- #include unit
-- #include rewrite
-- #include removals
-- #include rotate
-- arguments: session newIncarnation newTtl:number newFixed:boolean newSubject newRest
-- arguments: retractions derivations seenRemoval:number? sources
-- list: events
-- #include require-room
-- #include operation-row
local h, lost, mark = openHead(session)
if lost then return { lost } end
local inc, ops, old, sealed, before, found
if h then inc, ops, old, sealed, before, found = h.inc, h.ops, h.old, h.sealed, h.version, h.token .. '|' .. h.inc end
before = before or 0
-- #include append-checks
if seenRemoval then
  local current = h and h.removal or 0
  -- A revision that is still to come was read from another state than this one.
  if seenRemoval > current or (seenRemoval < current and wasRemovedSince(seenRemoval, sources)) then
    return { 'removal', current }
  end
end
for ranges in string.gmatch(retractions, '=([^;]*);') do
  for to in string.gmatch(ranges, '%-(%d+)') do
    if tonumber(to) > before then return { 'retraction', before, tonumber(to) } end
  end
end
local subject = subjectOf(mark)
if not h then
  subject = newSubject
  h = createHead(session, newIncarnation, newTtl, newFixed, subject, newRest, mark)
end
if setTtl then
  h.ttl = setTtl
  h.expires = setTtl > 0 and now + setTtl or 0
end
refresh(h)
rotate(h)
local stamp = num(now)
local version = before + eventsCount
inc = h.inc
if eventsCount > 0 then redis.call('LSET', LOG, -1, stamp .. ARGV[eventsFrom + 1]) end
-- #include push-events
h.version = version
revise(h, token)
h.bytes = h.bytes + bytes
h.updated = stamp
if eventsCount > 0 and redis.call('APPEND', COLUMNS, cells) ~= (version - h.first + 1) * 2 then
  redis.call('UNLINK', COLUMNS)
end
if operation then
  local revision = h.revision
  redis.call('HSET', OPERATIONS, operation, {{operationRow}})
  h.ops = h.ops + 1
end
if eventsCount > 0 then redis.call('RPUSH', LOG, headText(h)) end
local newLandmarks
-- #include new-landmarks
-- #include add-landmarks
for index, ranges in string.gmatch(derivations, '(%d+)=([^;]*);') do
  redis.call('HSET', DERIVED, num(before + tonumber(index)), ranges)
end
local retracted = {}
retractAll(h, retractions, before, retracted)
noteRemoval(h, spansOf(retracted))
saveHead(session, h, subject)
return { 'ok', before + 1, version, h.revision, found or h.inc, now }
