import { defineScript, type Script } from "../connection/connection.ts";
import { leaseLookup, prelude, unitPrelude } from "./prelude.ts";

/**
 * Documents of a unit (a session, or one bucket of those that stand alone) lie in one hash by their sort key, as
 * `version|created|updated|expires|tags|json`. Beside it: their order, their tags as `tag NUL sort key`, and when
 * they expire. All four change in one script, so that no entry points at nothing.
 */
const documents = `
local function partsOfDocument(record)
  local version, created, updated, expires, tags, json = string.match(record, '^(%d+)|(%d+)|(%d+)|(%d+)|([^|]*)|(.*)$')
  return { version = tonumber(version), created = created, updated = updated, expires = tonumber(expires), tags = tags, json = json }
end

local function eachTag(tags, call)
  for tag in string.gmatch(tags, '[^,]+') do call(tag) end
end

-- How many entries the tags and expiries of the documents changed here add up to; see intactDocuments.
local entries = 0
local function countEntries(parts)
  local _, tags = string.gsub(parts.tags, '[^,]+', '')
  return tags + (parts.expires ~= 0 and 1 or 0)
end

local function saveEntries()
  if entries ~= 0 and redis.call('HINCRBY', DOCS, '', entries) == 0 then redis.call('HDEL', DOCS, '') end
  entries = 0
end

-- What lives at the key, or nil.
local function findDocument(key)
  local record = redis.call('HGET', DOCS, key)
  if not record then return nil end
  local parts = partsOfDocument(record)
  if parts.expires ~= 0 and parts.expires <= now then return nil, parts end
  return parts, parts
end

local function removeDocument(key, parts)
  redis.call('HDEL', DOCS, key)
  redis.call('ZREM', DORDER, key)
  redis.call('ZREM', DEXPIRING, key)
  entries = entries - countEntries(parts)
  eachTag(parts.tags, function(tag) redis.call('ZREM', DTAGS, tag .. '\\0' .. key) end)
end

local function sweepDocuments(limit)
  local keys = redis.call('ZRANGEBYSCORE', DEXPIRING, '-inf', num(now), 'LIMIT', 0, limit)
  for _, key in ipairs(keys) do
    local record = redis.call('HGET', DOCS, key)
    if record then removeDocument(key, partsOfDocument(record)) else redis.call('ZREM', DEXPIRING, key) end
  end
  return #keys
end

local function storeDocument(key, before, parts)
  entries = entries + countEntries(parts) - (before and countEntries(before) or 0)
  if before then
    eachTag(before.tags, function(tag) redis.call('ZREM', DTAGS, tag .. '\\0' .. key) end)
  end
  redis.call('HSET', DOCS, key, string.format('%d|%s|%s|%d|%s|', parts.version, parts.created, parts.updated,
    parts.expires, parts.tags) .. parts.json)
  redis.call('ZADD', DORDER, 0, key)
  eachTag(parts.tags, function(tag) redis.call('ZADD', DTAGS, 0, tag .. '\\0' .. key) end)
  if parts.expires == 0 then redis.call('ZREM', DEXPIRING, key)
  else redis.call('ZADD', DEXPIRING, num(parts.expires), key) end
end

local function newVersion(before)
  return before and math.max(before.version + 1, micros) or micros
end
`;

/** The keys of documents that stand alone. */
const aloneKeys = "local DOCS, DORDER, DTAGS, DEXPIRING = KEYS[1], KEYS[2], KEYS[3], KEYS[4]\n";

/**
 * When every document of the bucket expires, so do its keys: a tenant that nobody looks after any more leaves
 * nothing behind.
 */
const keepBucket = `
-- Should memory have run out and Redis have thrown away what points at documents, it is made anew from them.
if not intactDocuments(DOCS, DORDER, DTAGS, DEXPIRING) then
  local flat = redis.call('HGETALL', DOCS)
  redis.call('UNLINK', DORDER, DTAGS, DEXPIRING)
  redis.call('HDEL', DOCS, '')
  entries = 0
  for index = 1, #flat, 2 do
    if flat[index] ~= '' then storeDocument(flat[index], nil, partsOfDocument(flat[index + 1])) end
  end
  saveEntries()
end

local function keepBucket()
  saveEntries()
  local count = redis.call('ZCARD', DORDER)
  if count > 0 and redis.call('ZCARD', DEXPIRING) == count then
    local last = redis.call('ZREVRANGE', DEXPIRING, 0, 0, 'WITHSCORES')
    for index = 1, 4 do redis.call('PEXPIREAT', KEYS[index], num(tonumber(last[2]) + 1000)) end
  elseif redis.call('PTTL', DOCS) > 0 then
    for index = 1, 4 do redis.call('PERSIST', KEYS[index]) end
  end
end
`;

/** Session documents also count in the head, and are looked after with the session. */
const keepSession = `
local function keepSession(session, h, created)
  saveEntries()
  h.docs = redis.call('HLEN', DOCS)
  if created then
    saveHead(session, h, created)
  else
    redis.call('LSET', LOG, -1, headText(h))
    if h.aux > 0 then
      for _, key in ipairs({ DOCS, DORDER, DTAGS, DEXPIRING }) do redis.call('PEXPIREAT', key, num(h.aux)) end
    end
  end
  local due = redis.call('ZRANGE', DEXPIRING, 0, 0, 'WITHSCORES')
  if due[2] then redis.call('ZADD', DUE, due[2], session) else redis.call('ZREM', DUE, session) end
  local left = redis.call('PTTL', SESSIONS)
  if left > 0 then redis.call('PEXPIRE', DUE, num(left)) else redis.call('PERSIST', DUE) end
end
`;

/** ARGV: 1 session, 2 named incarnation, 3 fence. */
const guard = `
local session = ARGV[1]
local h, lost, mark = openHead(session)
if lost then return { lost } end
if ARGV[2] ~= '' and (not h or h.inc ~= ARGV[2]) then return { 'ended' } end
if h and h.sealed == '1' then return { 'sealed' } end
if ARGV[3] ~= '' then
  local newest = readLease()
  if not newest then return { 'corrupt' } end
  if tonumber(ARGV[3]) ~= newest then return { 'fence', newest } end
end
`;

/** From `offset` on, for each document: sort key, expected version, ttl ('0' for none), tags, json. */
const checkWrites = `
local found, old = {}, {}
for place = offset, #ARGV, 5 do
  local live, any = findDocument(ARGV[place])
  local version = live and live.version or 0
  if ARGV[place + 1] ~= '' and tonumber(ARGV[place + 1]) ~= version then
    return { 'stale', version, (place - offset) / 5 }
  end
  found[place], old[place] = live or false, any or false
end
`;
const doWrites = `
for place = offset, #ARGV, 5 do
  local ttl, live = tonumber(ARGV[place + 2]), found[place]
  local parts = { version = newVersion(old[place]), created = live and live.created or num(now), updated = num(now),
    expires = ttl > 0 and now + ttl or 0, tags = ARGV[place + 3], json = ARGV[place + 4] }
  storeDocument(ARGV[place], old[place], parts)
  answer[#answer + 1] = parts.version
  answer[#answer + 1] = tonumber(parts.created)
  answer[#answer + 1] = parts.expires
end
`;

/** Few at a time, with every write: more than can expire by one write, so that what has expired never piles up. */
const sweepSome = "sweepDocuments(20)\n";

export const putAlone: Script = defineScript(`${prelude}${aloneKeys}${documents}${keepBucket}
requireRoom(DORDER)
local offset = 1
${checkWrites}
local answer = { 'ok', now, '', 0 }
${doWrites}
${sweepSome}
keepBucket()
return answer
`);

/** ARGV: 4 incarnation for a new session, 5 its ttl, 6 whether that is fixed, 7 subject, 8 the head's rest. */
export const putInSession: Script = defineScript(`${unitPrelude}${leaseLookup}${documents}${keepSession}
requireRoom(DORDER)
${guard}
local offset = 9
${checkWrites}
local created = false
if not h then
  created = ARGV[7]
  h = createHead(session, ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8], mark)
end
local answer = { 'ok', now, h.inc, h.expires }
${doWrites}
${sweepSome}
keepSession(session, h, created)
return answer
`);

/** From \`offset\` on, for each document: sort key, expected version. */
const checkDeletes = `
local found = {}
for place = offset, #ARGV, 2 do
  local live = findDocument(ARGV[place])
  local version = live and live.version or 0
  if live and ARGV[place + 1] ~= '' and tonumber(ARGV[place + 1]) ~= version then
    return { 'stale', version, (place - offset) / 2 }
  end
  if live then found[ARGV[place]] = live end
end
`;
const doDeletes = `
local count = 0
for key, parts in pairs(found) do
  removeDocument(key, parts)
  count = count + 1
end
`;

export const deleteAlone: Script = defineScript(`${prelude}${aloneKeys}${documents}${keepBucket}
local offset = 1
${checkDeletes}
${doDeletes}
${sweepSome}
keepBucket()
return { 'ok', count }
`);

export const deleteInSession: Script =
  defineScript(`${unitPrelude}${leaseLookup}${documents}${keepSession}${guard}
local offset = 4
if not h then return { 'ok', 0 } end
${checkDeletes}
${doDeletes}
${sweepSome}
keepSession(session, h, false)
return { 'ok', count }
`);

/** From \`offset\` on: sort key, ttl ('0' for ever). */
const touchOne = `
local live = findDocument(ARGV[offset])
if not live then return { 'none' } end
local ttl = tonumber(ARGV[offset + 1])
local expiresBefore = live.expires
live.expires = ttl > 0 and now + ttl or 0
local before = { tags = live.tags, expires = expiresBefore }
storeDocument(ARGV[offset], before, live)
`;

export const touchAlone: Script = defineScript(`${prelude}${aloneKeys}${documents}${keepBucket}
local offset = 1
${touchOne}
keepBucket()
return { 'ok', 0, '', redis.call('HGET', DOCS, ARGV[offset]) }
`);

export const touchInSession: Script =
  defineScript(`${unitPrelude}${leaseLookup}${documents}${keepSession}${guard}
local offset = 4
if not h then return { 'none' } end
${touchOne}
keepSession(session, h, false)
return { 'ok', h.expires, h.inc, redis.call('HGET', DOCS, ARGV[offset]) }
`);

/** The upkeep of one bucket. ARGV: 1 how many at most. Answers how many documents went. */
export const sweepAlone: Script = defineScript(`${prelude}${aloneKeys}${documents}${keepBucket}
local count = sweepDocuments(tonumber(ARGV[1]))
keepBucket()
return count
`);

/** The upkeep of one session. ARGV: 1 session, 2 how many at most. */
export const sweepInSession: Script = defineScript(`${unitPrelude}${documents}${keepSession}
local session = ARGV[1]
local h, lost = openHead(session)
if not h or lost then
  redis.call('ZREM', DUE, session)
  return 0
end
local count = sweepDocuments(tonumber(ARGV[2]))
keepSession(session, h, false)
return count
`);
