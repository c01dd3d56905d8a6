-- Begins a session of which nothing is there, nor anything of an ended one, in few commands: nothing has to be taken away
-- first. Answers 'full' for any other.
-- keys: log operations olderOperations columns changes lease landmarks derived documents documentOrder documentTags
-- keys: documentsExpiring
-- arguments: seed
local before, inc = 0, nil
if call('EXISTS', OPERATIONS, OLDER_OPERATIONS, COLUMNS, LANDMARKS, DERIVED, DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS,
  DOCUMENTS_EXPIRING) > 0 then
  return { 'full' }
end
-- #include append-guards
-- #include append-conditions
-- #include lifetimes
-- #include changes
-- #include positions
-- #include session-list
local newInc, ttl, fixed, rest, subject = string.match(seed, '^([^|]*)|(%d+)|([01])|(([^|]*)|.*)$')
ttl = tonumber(ttl)
local expires = ttl > 0 and now + ttl or 0
local aux = besideUntil(expires, ttl)
-- Whether the list stays as long as the session does, each part of it that is added to: a first entry has no expiry.
local left = call('PTTL', SESSIONS)
local stays = left == -1 or (left >= 0 and expires ~= 0 and now + left >= registryUntil(aux)
  and call('EXISTS', CHANGES, CREATED, EXPIRING, subject == '' and CREATED or SUBJECTS) == 4)
-- #include operation-row
-- #include head-text
-- #include mark-text
inc = newInc
local newLandmarks
-- #include landmarks
-- #include new-landmarks
local stamp, version, revision = num(now), eventsCount, 1
local h = { inc = inc, version = version, revision = revision, first = 1, bytes = bytes, created = stamp, updated = stamp,
  ttl = ttl, fixed = fixed, expires = expires, sealed = '0', ops = operation and 2 or 1, old = 0, rotate = now + dayMs,
  token = token, docs = 0, derived = 0, landmarks = #newLandmarks / 2, aux = aux, removal = 0, rest = rest }
local elements = {}
for index = 1, eventsCount do elements[index] = stamp .. ARGV[eventsFrom + index] end
elements[eventsCount + 1] = headText(h)
-- Lua passes some thousands of arguments at most.
for from = 1, #elements, 2000 do call('RPUSH', LOG, unpack(elements, from, math.min(from + 1999, #elements))) end
if eventsCount > 0 then call('APPEND', COLUMNS, cells) end
if operation then call('HSET', OPERATIONS, '', markText(h, subject), operation, {{operationRow}})
else call('HSET', OPERATIONS, '', markText(h, subject)) end
-- #include add-landmarks
markWritten(CHANGES, session)
call('ZREM', ENDED, session)
call('ZADD', CREATED, stamp, session)
call('ZADD', SESSIONS, 0, session)
if left == -2 then beginList() end
if subject ~= '' then call('ZADD', SUBJECTS, 0, subject .. '\0' .. session) end
if expires ~= 0 then
  call('ZADD', EXPIRING, num(expires), session)
  -- A lifetime of a millisecond may be over before this script is.
  call('PEXPIREAT', LOG, num(expires))
  if eventsCount > 0 then call('PEXPIREAT', COLUMNS, num(aux)) end
  if #newLandmarks > 0 then call('PEXPIREAT', LANDMARKS, num(aux)) end
  call('PEXPIREAT', OPERATIONS, num(aux + operationMs))
end
if not stays then keepRegistry(h) end
return { 'ok', 1, version, revision, inc, now }
