-- The empty field of a hash of documents has the format, and how many tags and expiries its documents have together.
-- Returns that number, nil when there is no such field, and 'newer' for a format that is not known here.
local function readEntries(documents)
  local text = redis.call('HGET', documents, '')
  if not text then return nil end
  local entries = tonumber(string.match(text, '^{{formatVersion}}|(%d+)$'))
  if not entries and problemOf(text) == 'newer' then return 'newer' end
  return entries
end

-- Whether documents and what points at them are all there; then how many there are, and how many of them expire.
local function intactDocuments(entries, documents, order, tags, expiring)
  local count, due = redis.call('HLEN', documents), redis.call('ZCARD', expiring)
  if entries then count = count - 1 end
  return count == redis.call('ZCARD', order) and (count == 0) == (entries == nil)
    and redis.call('ZCARD', tags) + due == (entries or 0), count, due
end
