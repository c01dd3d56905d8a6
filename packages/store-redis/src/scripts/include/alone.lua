-- Documents that stand alone: those of one bucket. When every one of them expires, so do their keys: a tenant that
-- nobody looks after any more leaves nothing behind.
-- keys: documents documentOrder documentTags documentsExpiring
-- #include clock
-- #include format
-- #include document-format
local stored = readEntries(DOCUMENTS)
if stored == 'newer' then return { stored } end
local micros = time[1] * 1000000 + time[2]
-- #include documents

-- Should memory have run out and Redis have thrown away what points at documents, it is made again from them.
if not intactDocuments(stored, DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING) then
  local flat = redis.call('HGETALL', DOCUMENTS)
  redis.call('UNLINK', DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING)
  redis.call('HDEL', DOCUMENTS, '')
  for index = 1, #flat, 2 do
    if flat[index] ~= '' then storeDocument(flat[index], nil, partsOfDocument(flat[index + 1])) end
  end
  saveEntries()
end

local function keepBucket()
  saveEntries()
  local count = redis.call('ZCARD', DOCUMENT_ORDER)
  if count > 0 and redis.call('ZCARD', DOCUMENTS_EXPIRING) == count then
    local last = redis.call('ZREVRANGE', DOCUMENTS_EXPIRING, 0, 0, 'WITHSCORES')
    for _, key in ipairs(KEYS) do redis.call('PEXPIREAT', key, num(tonumber(last[2]) + 1000)) end
  elseif redis.call('PTTL', DOCUMENTS) > 0 then
    for _, key in ipairs(KEYS) do redis.call('PERSIST', key) end
  end
end
