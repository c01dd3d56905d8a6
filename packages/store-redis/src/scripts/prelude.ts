/**
 * What every script begins with: the server's clock, and the head of the session.
 *
 * The log is ONE list whose last element is the head, so that no part of a log can be lost without the rest: it
 * expires, is evicted and is moved to another node as a whole, and one LRANGE reads the newest events with the state
 * of their session. Redis 5 has no per-script flags; `replicate_commands` lets it write after it read the clock.
 *
 * Numbers are doubles: exact to 2^53, but `..` and tostring() round them to 14 digits, so all go through `%d`.
 */
export const prelude: string = `
if redis.replicate_commands then redis.replicate_commands() end
local LOG, OPS, OLD, COL, LEASE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local function num(n) return string.format('%d', n) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local micros = time[1] * 1000000 + time[2]
local hourMs, dayMs = 3600000, 86400000

-- First what every append changes, then what it only looks at.
local function parseHead(text)
  local version, revision, bytes, updated, expires, ops, inc, first, created, ttl, fixed, sealed, old, rotate, docs, derived, aux, removal, rest =
    string.match(text, '^H|(%d+)|(%d+)|(%d+)|(%-?%d+)|(%d+)|(%d+)|([^|]*)|(%d+)|(%-?%d+)|(%d+)|([01])|([01])|(%d+)|(%d+)|(%d+)%.(%d+)|(%d+)|(%d+)|(.*)$')
  if not inc then return nil end
  return { inc = inc, version = tonumber(version), revision = tonumber(revision), first = tonumber(first),
    bytes = tonumber(bytes), created = created, updated = updated, ttl = tonumber(ttl), fixed = fixed,
    expires = tonumber(expires), sealed = sealed, ops = tonumber(ops), old = tonumber(old),
    rotate = tonumber(rotate), docs = tonumber(docs), derived = tonumber(derived), aux = tonumber(aux), removal = tonumber(removal), rest = rest }
end

local function headText(h)
  return string.format('H|%d|%d|%d|%s|%d|%d|%s|%d|%s|%d|%s|%s|%d|%d|%d.%d|%d|%d|%s',
    h.version, h.revision, h.bytes, h.updated, h.expires, h.ops, h.inc, h.first, h.created, h.ttl, h.fixed, h.sealed,
    h.old, h.rotate, h.docs, h.derived, h.aux, h.removal, h.rest)
end

-- Whether documents and what points at them are all there. The empty field counts the tags and the expiries.
local function intactDocuments(docs, order, tags, expiring)
  local entries = tonumber(redis.call('HGET', docs, '') or 0)
  return redis.call('HLEN', docs) - (entries > 0 and 1 or 0) == redis.call('ZCARD', order)
    and redis.call('ZCARD', tags) + redis.call('ZCARD', expiring) == entries
end

-- Redis looks for room only before the first write of a script, and only when that one may grow. A script that begins
-- by removing something would go on without any. This one changes nothing.
local function requireRoom(order)
  redis.call('ZADD', order, 'XX', 0, '')
end

-- An idle lifetime begins again with each write, a fixed one only when it is set.
local function refresh(h)
  if h.ttl > 0 and h.fixed == '0' then h.expires = now + h.ttl end
end
`;

/**
 * For scripts that get all keys of a session. Beside the log stand keys that live by it. They cannot expire at the
 * same moment without a PEXPIREAT for each in every append, so they get a quarter more than they need and are
 * refreshed when half of that is used up.
 *
 * In the operations' hash the empty field says which incarnation lives, and for how long at least: a log that is gone
 * before its time is lost, not expired.
 */
export const unitPrelude: string = `${prelude}
local DERIVED, DOCS, DORDER, DTAGS, DEXPIRING = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local SESSIONS, SUBJECTS, EXPIRING, NEXT = KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local DUE = KEYS[15]
local operationMs = dayMs + hourMs

local function readMark()
  local mark = redis.call('HGET', OPS, '')
  if not mark then return nil end
  local inc, bound, rotate, subject = string.match(mark, '^([^|]*)|(%d+)|(%d+)|(.*)$')
  return { inc = inc, bound = tonumber(bound), rotate = tonumber(rotate), subject = subject }
end

local function writeMark(h, subject)
  if redis.call('HSET', OPS, '', h.inc .. '|' .. num(h.expires) .. '|' .. num(h.rotate) .. '|' .. subject) == 1 then
    h.ops = h.ops + 1
  end
end

local function keepOperations(untilMs)
  if untilMs == 0 then
    redis.call('PERSIST', OPS)
    redis.call('PERSIST', OLD)
  else
    redis.call('PEXPIREAT', OPS, num(untilMs + operationMs))
    redis.call('PEXPIREAT', OLD, num(untilMs + operationMs))
  end
end

-- Ends the incarnation: what lived with it goes, its operations stay known for a day.
local function endSession(session, subject)
  redis.call('UNLINK', LOG, COL, DERIVED, DOCS, DORDER, DTAGS, DEXPIRING)
  redis.call('ZREM', SESSIONS, session)
  redis.call('ZREM', EXPIRING, session)
  redis.call('ZREM', DUE, session)
  if subject and subject ~= '' then redis.call('ZREM', SUBJECTS, subject .. '\\0' .. session) end
  local mark = readMark()
  if mark then
    redis.call('HSET', OPS, '', '|0|' .. num(mark.rotate) .. '|')
    keepOperations(now)
  end
end

local function intactUnit(h)
  return redis.call('HLEN', DERIVED) == h.derived and redis.call('HLEN', DOCS) == h.docs
    and (h.docs == 0 or intactDocuments(DOCS, DORDER, DTAGS, DEXPIRING))
end

-- The head, nil for no session, and 'evicted' or 'incomplete' when history is missing, 'corrupt' when there is no head
-- where it should be. Expired ones are ended.
local function openHead(session)
  local text = redis.call('LINDEX', LOG, -1)
  local mark = readMark()
  if text then
    local h = parseHead(text)
    if not h then return nil, 'corrupt', mark end
    if not mark or mark.inc ~= h.inc or redis.call('LLEN', LOG) - 1 ~= h.version - h.first + 1
      or redis.call('HLEN', OPS) ~= h.ops or not intactUnit(h) then
      return h, 'incomplete', mark
    end
    if h.expires == 0 or now < h.expires then return h, nil, mark end
  end
  if not mark or mark.inc == '' then return nil, nil, mark end
  if not text and (mark.bound == 0 or now < mark.bound) then return nil, 'evicted', mark end
  endSession(session, mark.subject)
  return nil, nil, mark
end

local BESIDE = { COL, DERIVED, DOCS, DORDER, DTAGS, DEXPIRING }

-- Saves the head, then sets every expiry: a lifetime of a millisecond may be over before this script is.
local function keepUnit(h)
  local stayed = h.expires == 0 and h.aux == 0
  h.aux = h.expires == 0 and 0 or h.expires + math.max(1000, math.floor(h.ttl / 4))
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

-- What lists the sessions of a bucket goes by itself when the last of them can have gone, unless one lives for ever.
local function keepRegistry(h)
  local left = redis.call('PTTL', SESSIONS)
  local all = { SESSIONS, SUBJECTS, EXPIRING, DUE }
  if h.expires == 0 then
    if left > 0 then for _, key in ipairs(all) do redis.call('PERSIST', key) end end
  elseif left > 0 or redis.call('ZCARD', SESSIONS) == 1 then
    local untilMs = math.max(now + left, h.aux + 1000)
    for _, key in ipairs(all) do redis.call('PEXPIREAT', key, num(untilMs)) end
  end
end

-- Puts a changed head in place of the last element, with everything that follows from a change of its expiry.
local function saveHead(session, h, subject)
  if h.expires == 0 then redis.call('ZREM', EXPIRING, session)
  else redis.call('ZADD', EXPIRING, num(h.expires), session) end
  redis.call('ZADD', SESSIONS, 0, session)
  writeMark(h, subject)
  h.derived = redis.call('HLEN', DERIVED)
  keepUnit(h)
  keepRegistry(h)
end

local function createHead(session, inc, ttl, fixed, subject, rest, mark, expiresFrom)
  local h = { inc = inc, version = 0, revision = 0, first = 1, bytes = 0, created = num(now), updated = num(now),
    ttl = ttl, fixed = fixed, expires = ttl > 0 and now + ttl or 0, sealed = '0', ops = redis.call('HLEN', OPS),
    old = redis.call('HLEN', OLD), rotate = mark and mark.rotate or now + dayMs, docs = 0, derived = 0, aux = 0, removal = 0, rest = rest }
  redis.call('UNLINK', COL, DERIVED, DOCS, DORDER, DTAGS, DEXPIRING)
  redis.call('RPUSH', LOG, headText(h))
  if subject ~= '' then redis.call('ZADD', SUBJECTS, 0, subject .. '\\0' .. session) end
  return h
end

-- Lets go of operations that are older than a day, a day's worth at a time.
local function rotate(h)
  if now < h.rotate then return end
  if redis.call('EXISTS', OPS) == 1 then
    redis.call('RENAME', OPS, OLD)
    h.old = h.ops
  else
    redis.call('UNLINK', OLD)
    h.old = 0
  end
  h.ops = 0
  h.rotate = now + dayMs
end
`;

/**
 * Looks an operation up; needs `prelude`. Returns its parts, nil, or 'incomplete' when operations are missing and
 * 'corrupt' when what is there is none. The head counts them, the mark included: a single one that is missing would
 * let its retry be applied again.
 */
export const operationLookup: string = `
local function findOperation(h, id)
  local row = redis.call('HGET', OPS, id)
  if not row and (not h or h.old > 0) then row = redis.call('HGET', OLD, id) end
  if row then
    local inc, fingerprint, first, version, revision = string.match(row, '^([^|]*)|([^|]*)|(%d+)|(%d+)|(%d+)$')
    if not inc then return 'corrupt' end
    return { inc = inc, fingerprint = fingerprint, first = tonumber(first), version = tonumber(version), revision = tonumber(revision) }
  end
  if h and (redis.call('HLEN', OPS) ~= h.ops or (h.old > 0 and redis.call('HLEN', OLD) ~= h.old)) then return 'incomplete' end
  return nil
end
`;

/** The newest fence of the session, nil when what is stored is none; needs `prelude`. */
export const leaseLookup: string = `
local function readLease()
  local text = redis.call('GET', LEASE)
  if not text then return 0, 0, '1' end
  local fence, expires, released = string.match(text, '^(%d+)|(%d+)|([01])$')
  return tonumber(fence), tonumber(expires), released
end
`;
