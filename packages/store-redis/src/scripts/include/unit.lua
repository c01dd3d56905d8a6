-- For scripts that get all keys of a session.
-- keys: log operations olderOperations columns lease derived documents documentOrder documentTags documentsExpiring
-- keys: sessions subjects expiring next documentsDue landmarks updated created changes ended sessionSources
-- #include clock
-- #include head
-- #include mark
-- #include document-format
local micros = time[1] * 1000000 + time[2]
-- #include lifetimes
-- #include changes
-- #include positions
-- #include session-list

-- An idle lifetime begins again with each write, a fixed one only when it is set.
local function refresh(h)
  if h.ttl > 0 and h.fixed == '0' then h.expires = now + h.ttl end
end

local function writeMark(h, subject)
  if redis.call('HSET', OPERATIONS, '', markText(h, subject)) == 1 then h.ops = h.ops + 1 end
end

local function keepOperations(untilMs)
  if untilMs == 0 then
    redis.call('PERSIST', OPERATIONS)
    redis.call('PERSIST', OLDER_OPERATIONS)
  else
    redis.call('PEXPIREAT', OPERATIONS, num(untilMs + operationMs))
    redis.call('PEXPIREAT', OLDER_OPERATIONS, num(untilMs + operationMs))
  end
end

-- Ends the incarnation: what lived with it goes, its operations stay known for a day.
local function endSession(session, subject)
  redis.call('UNLINK', LOG, COLUMNS, DERIVED, LANDMARKS, DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING)
  redis.call('ZREM', SESSIONS, session)
  redis.call('ZREM', EXPIRING, session)
  redis.call('ZREM', DOCUMENTS_DUE, session)
  redis.call('ZREM', UPDATED, session)
  redis.call('ZREM', CREATED, session)
  redis.call('ZADD', ENDED, num(place(CHANGES, { session })), session)
  -- Some of those that ended a week ago are forgotten, and consumers that have not seen them told.
  local old = redis.call('ZRANGEBYSCORE', ENDED, '-inf', num(micros - weekMs * 1000), 'WITHSCORES', 'LIMIT', 0, 20)
  for index = 1, #old, 2 do
    redis.call('ZREM', CHANGES, old[index])
    redis.call('ZREM', ENDED, old[index])
    redis.call('ZADD', CHANGES, old[index + 1], '')
  end
  if redis.call('EXISTS', SESSIONS) == 0 then
    redis.call('UNLINK', UPDATED)
    redis.call('PEXPIREAT', CHANGES, num(now + weekMs + dayMs))
    redis.call('PEXPIREAT', ENDED, num(now + weekMs + dayMs))
  end
  if subject and subject ~= '' then redis.call('ZREM', SUBJECTS, subject .. '\0' .. session) end
  local own = '\0' .. session .. '\0'
  for _, entry in ipairs(redis.call('ZRANGEBYLEX', SESSION_SOURCES, '[' .. own, '(\0' .. session .. '\1')) do
    redis.call('ZREM', SESSION_SOURCES, entry, string.sub(entry, #own + 1))
  end
  local mark, unreadable = readMark()
  if mark or unreadable then
    redis.call('HSET', OPERATIONS, '', '{{formatVersion}}||0|' .. num(mark and mark.rotate or now + dayMs) .. '|')
    keepOperations(now)
  end
end

-- How many documents of the session expire, and what their new versions must be above, as openHead finds them.
local dueDocuments, versionFloor = 0, 0

local function intactUnit(h)
  if redis.call('HLEN', DERIVED) ~= h.derived or redis.call('ZCARD', LANDMARKS) ~= h.landmarks
    or redis.call('HLEN', DOCUMENTS) ~= h.docs then
    return false
  end
  if h.docs == 0 then return true end
  local entries, floor = readEntries(DOCUMENTS)
  local isIntact, _, due = intactDocuments(entries, DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING)
  dueDocuments, versionFloor = due, floor or 0
  return isIntact
end

-- The head and the mark; nil for no session. The second value is 'evicted' or 'incomplete' when history is missing,
-- 'corrupt' when something else stands there, 'newer' for a format that is not known. Expired ones are ended.
local function openHead(session)
  local text = redis.call('LINDEX', LOG, -1)
  local mark, unreadable = readMark()
  if unreadable == 'newer' then return nil, unreadable, nil end
  if text then
    local h, problem = parseHead(text)
    if not h then return nil, problem, mark end
    if not mark or mark.inc ~= h.inc or redis.call('LLEN', LOG) - 1 ~= h.version - h.first + 1
      or redis.call('HLEN', OPERATIONS) ~= h.ops or not intactUnit(h) then
      return h, 'incomplete', mark
    end
    if not hasEnded(h.expires) then return h, nil, mark end
  end
  if not mark then return nil, unreadable, nil end
  if mark.inc == '' then return nil, nil, mark end
  if not text and isEvicted(mark) then return nil, 'evicted', mark end
  endSession(session, mark.subject)
  return nil, nil, mark
end

local BESIDE = { COLUMNS, DERIVED, LANDMARKS, DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING }

-- Saves the head, then sets every expiry: a lifetime of a millisecond may be over before this script is.
local function keepUnit(h)
  local stayed = h.expires == 0 and h.aux == 0
  h.aux = besideUntil(h.expires, h.ttl)
  redis.call('LSET', LOG, -1, headText(h))
  if h.expires == 0 then
    redis.call('PERSIST', LOG)
    if not stayed then for _, key in ipairs(BESIDE) do redis.call('PERSIST', key) end end
  else
    redis.call('PEXPIREAT', LOG, num(h.expires))
    for _, key in ipairs(BESIDE) do redis.call('PEXPIREAT', key, num(h.aux)) end
  end
  keepOperations(h.aux)
end

local function subjectOf(mark) return mark and mark.subject or '' end

-- Moves the session to its next revision, under the token of the write.
local function revise(h, token, revision)
  h.revision = revision or h.revision + 1
  h.token = token
end

-- The token that a write finds, as it is answered: behind a sign, because it is empty when no write has given one.
local function tokenFound(h) return h and '=' .. h.token or '' end

-- Puts a changed head in place of the last element, with everything that follows from a change of its expiry.
local function saveHead(session, h, subject)
  if h.expires == 0 then redis.call('ZREM', EXPIRING, session)
  else redis.call('ZADD', EXPIRING, num(h.expires), session) end
  markWritten(CHANGES, session)
  if redis.call('ZADD', SESSIONS, 0, session) == 1 and redis.call('ZCARD', SESSIONS) == 1 then beginList() end
  writeMark(h, subject)
  h.derived = redis.call('HLEN', DERIVED)
  h.landmarks = redis.call('ZCARD', LANDMARKS)
  keepUnit(h)
  keepRegistry(h)
end

local function changeSubject(session, before, after)
  if before == after then return end
  if before ~= '' then redis.call('ZREM', SUBJECTS, before .. '\0' .. session) end
  if after ~= '' then redis.call('ZADD', SUBJECTS, 0, after .. '\0' .. session) end
end

local function createHead(session, inc, ttl, fixed, subject, rest, mark)
  local h = { inc = inc, version = 0, revision = 0, first = 1, bytes = 0, created = num(now), updated = num(now),
    ttl = ttl, fixed = fixed and '1' or '0', expires = ttl > 0 and now + ttl or 0, sealed = '0',
    ops = redis.call('HLEN', OPERATIONS), old = redis.call('HLEN', OLDER_OPERATIONS),
    rotate = mark and mark.rotate or now + dayMs, token = '', docs = 0, derived = 0, landmarks = 0, aux = 0, removal = 0, rest = rest }
  redis.call('UNLINK', COLUMNS, DERIVED, LANDMARKS, DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING)
  redis.call('RPUSH', LOG, headText(h))
  changeSubject(session, '', subject)
  redis.call('ZADD', CREATED, h.created, session)
  redis.call('ZREM', ENDED, session)
  return h
end
