-- Documents of a unit (a session, or one bucket of those that stand alone) lie in one hash by their sort key, as
-- `version|created|updated|expires|tags;sources|json`, without `;` when they are derived from nothing. Beside it: their
-- order, their tags as `tag NUL sort key`, when they expire, and SOURCES. All change in one script, so that no entry
-- points at nothing. What has not changed costs no command. The unit is marked as written with the first document that
-- changes: before one is stored, since Redis looks for room only before the first write of a script, and only when that
-- one may grow; behind one that is removed, since that needs no room.
local function partsOfDocument(record)
  local version, created, updated, expires, tags, sources, json =
    string.match(record, '^(%d+)|(%-?%d+)|(%-?%d+)|(%d+)|([^|;]*)([^|]*)|(.*)$')
  return { version = tonumber(version), created = created, updated = updated, expires = tonumber(expires), tags = tags,
    sources = sources, json = json }
end

local function eachTag(tags, call)
  for tag in string.gmatch(tags, '[^,]+') do call(tag) end
end

-- What documents are derived from, as `source NUL session NUL sort key` (no session for those that stand alone), and once
-- more behind `NUL session NUL`, by which the end of a session finds them. Scripts of documents that stand alone get
-- the key only when they need it: they answer 'sources' before they change such a document without it.
local isSourced = false
local function changeSources(key, sources, change)
  if sources == '' or not SOURCES then return end
  isSourced = true
  for source in string.gmatch(sources, '[^;,]+') do
    local entry = source .. '\0' .. session .. '\0' .. key
    change(entry)
    if session ~= '' then change('\0' .. session .. '\0' .. entry) end
  end
end
local function addSource(entry) redis.call('ZADD', SOURCES, 0, entry) end
local function dropSource(entry) redis.call('ZREM', SOURCES, entry) end
local function needsSources(parts) return parts and parts.sources ~= '' and not SOURCES end

-- How many documents are added here, and how many entries the tags and expiries of those changed here add up to; see
-- intactDocuments.
local added, entries = 0, 0
-- Whether a key may have begun, and whether what expires has changed.
local hasGrown, isDueChanged = false, false
local function countEntries(parts)
  local _, tags = string.gsub(parts.tags, '[^,]+', '')
  return tags + (parts.expires ~= 0 and 1 or 0)
end

-- The next version of a document; `before` is the one that it has, or had until its time was over. One that is ahead of the
-- clock is remembered, or a document that is put again after a delete could get a smaller one.
local isRaised = false
local function raise(least)
  if least <= math.max(micros, versionFloor) then return end
  versionFloor, isRaised, hasGrown = least, true, true
end
local function nextVersion(before)
  local version = math.max(micros, versionFloor + 1, before + 1)
  raise(version)
  return version
end

local function saveEntries()
  if added == 0 and entries == 0 and not isRaised then return end
  local stored = readEntries(DOCUMENTS)
  local isEmpty = redis.call('HLEN', DOCUMENTS) == (stored and 1 or 0)
  local floor = versionFloor > micros and '|' .. num(versionFloor) or ''
  if isEmpty and floor == '' then
    if stored then redis.call('HDEL', DOCUMENTS, '') end
  else
    redis.call('HSET', DOCUMENTS, '', '{{formatVersion}}|' .. num((stored or 0) + entries) .. floor)
  end
  added, entries, isRaised = 0, 0, false
end

-- What lives at the key, or nil; then what is there even if it has expired.
local function findDocument(key)
  local record = redis.call('HGET', DOCUMENTS, key)
  if not record then return nil end
  local parts = partsOfDocument(record)
  if hasEnded(parts.expires) then return nil, parts end
  return parts, parts
end

local function dropDue(key, parts)
  if parts.expires == 0 then return end
  isDueChanged = true
  redis.call('ZREM', DOCUMENTS_EXPIRING, key)
end

local function removeDocument(key, parts)
  redis.call('HDEL', DOCUMENTS, key)
  markChanged(key)
  redis.call('ZREM', DOCUMENT_ORDER, key)
  dropDue(key, parts)
  added, entries = added - 1, entries - countEntries(parts)
  eachTag(parts.tags, function(tag) redis.call('ZREM', DOCUMENT_TAGS, tag .. '\0' .. key) end)
  changeSources(key, parts.sources, dropSource)
end

local function sweepDocuments(limit)
  if dueDocuments == 0 then return 0 end
  local keys = redis.call('ZRANGEBYSCORE', DOCUMENTS_EXPIRING, '-inf', num(now), 'LIMIT', 0, limit)
  for _, key in ipairs(keys) do
    local record = redis.call('HGET', DOCUMENTS, key)
    local parts = record and partsOfDocument(record)
    if not parts then redis.call('ZREM', DOCUMENTS_EXPIRING, key)
    elseif not needsSources(parts) then removeDocument(key, parts) end
  end
  return #keys
end

local function storeDocument(key, before, parts)
  markChanged(key)
  entries = entries + countEntries(parts) - (before and countEntries(before) or 0)
  local isTagged = parts.tags ~= (before and before.tags or '')
  if before then
    if isTagged then eachTag(before.tags, function(tag) redis.call('ZREM', DOCUMENT_TAGS, tag .. '\0' .. key) end) end
    changeSources(key, before.sources, dropSource)
    if parts.expires == 0 then dropDue(key, before) end
  end
  redis.call('HSET', DOCUMENTS, key, string.format('%d|%s|%s|%d|%s|', parts.version, parts.created, parts.updated,
    parts.expires, parts.tags .. parts.sources) .. parts.json)
  if not before then
    added = added + 1
    redis.call('ZADD', DOCUMENT_ORDER, 0, key)
  end
  if isTagged then eachTag(parts.tags, function(tag) redis.call('ZADD', DOCUMENT_TAGS, 0, tag .. '\0' .. key) end) end
  changeSources(key, parts.sources, addSource)
  if parts.expires ~= 0 then
    isDueChanged = true
    redis.call('ZADD', DOCUMENTS_EXPIRING, num(parts.expires), key)
  end
  hasGrown = hasGrown or not before or isTagged or isDueChanged
end
