-- The empty field of a hash of documents has the format, how many tags and expiries its documents have together, and the
-- floor: what new versions must be above, as long as the clock has not passed it. Returns that number and the floor, nil
-- when there is no such field, and 'newer' for a format that is not known here.
local function readEntries(documents)
  local text = redis.call('HGET', documents, '')
  if not text then return nil end
  local entries, floor = string.match(text, '^{{formatVersion}}|(%d+)|?(%d*)$')
  if not entries and problemOf(text) == 'newer' then return 'newer' end
  return tonumber(entries), tonumber(floor)
end

-- Whether documents and what points at them are all there; then how many there are, and how many of them expire.
local function intactDocuments(entries, documents, order, tags, expiring)
  local count, due = redis.call('HLEN', documents), redis.call('ZCARD', expiring)
  if entries then count = count - 1 end
  return count == redis.call('ZCARD', order) and (count == 0 or entries ~= nil)
    and redis.call('ZCARD', tags) + due == (entries or 0), count, due
end
