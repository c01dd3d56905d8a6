-- Documents that stand alone: those of one bucket. When every one of them expires, so do their keys: a tenant that
-- nobody looks after any more leaves nothing behind.
-- keys: documents documentOrder documentTags documentsExpiring ownerChanges
-- #include clock
-- #include format
-- #include document-format
local stored, versionFloor = readEntries(DOCUMENTS)
if stored == 'newer' then return { stored } end
versionFloor = versionFloor or 0
local micros = time[1] * 1000000 + time[2]
local session, SOURCES = '', OWNER_SOURCES
-- #include changes

-- The first two elements of the namespace in a sort key.
local function ownerOf(key)
  local namespace = string.sub(key, 1, string.find(key, '\0\0', 1, true) - 1)
  local second = string.find(namespace, '\0\1', 1, true)
  local third = second and string.find(namespace, '\0\1', second + 2, true)
  return third and string.sub(namespace, 1, third - 1) or namespace
end

local marked
local function markChanged(key)
  local owner = ownerOf(key)
  if owner ~= marked then markWritten(OWNER_CHANGES, owner) end
  marked = owner
end

local isIntact, countBefore, dueDocuments =
  intactDocuments(stored, DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING)
-- #include documents

-- Should memory have run out and Redis have thrown away what points at documents, it is made again from them.
if not isIntact then
  local flat = redis.call('HGETALL', DOCUMENTS)
  redis.call('UNLINK', DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING)
  redis.call('HDEL', DOCUMENTS, '')
  for index = 1, #flat, 2 do
    if flat[index] ~= '' then storeDocument(flat[index], nil, partsOfDocument(flat[index + 1])) end
  end
  saveEntries()
  dueDocuments = redis.call('ZCARD', DOCUMENTS_EXPIRING)
end
local isEnding = countBefore == dueDocuments

local function keepBucket()
  -- As long as some documents stay for ever, so do the keys.
  local isSettled = stored and isIntact and not isEnding and not isSourced
  if isSettled and added == 0 and entries == 0 and not isDueChanged and not isRaised then return end
  saveEntries()
  local KEPT = { DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING }
  if not stored then redis.call('ZADD', OWNER_CHANGES, 0, '\0') end
  local count = redis.call('ZCARD', DOCUMENT_ORDER)
  if count > 0 and redis.call('ZCARD', DOCUMENTS_EXPIRING) == count then
    local last = redis.call('ZREVRANGE', DOCUMENTS_EXPIRING, 0, 0, 'WITHSCORES')
    for _, key in ipairs(KEPT) do redis.call('PEXPIREAT', key, num(tonumber(last[2]) + 1000)) end
    if isSourced then redis.call('PEXPIREAT', SOURCES, num(tonumber(last[2]) + 1000)) end
    redis.call('PEXPIREAT', OWNER_CHANGES, num(tonumber(last[2]) + weekMs))
  elseif count == 0 then
    redis.call('PEXPIREAT', OWNER_CHANGES, num(now + weekMs))
    -- A floor stands there until the clock has passed it.
    redis.call('PEXPIREAT', DOCUMENTS, num(versionFloor / 1000 + 1))
  elseif isSourced or isEnding or not isIntact then
    for _, key in ipairs(KEPT) do redis.call('PERSIST', key) end
    if isSourced then redis.call('PERSIST', SOURCES) end
    redis.call('PERSIST', OWNER_CHANGES)
  end
end
