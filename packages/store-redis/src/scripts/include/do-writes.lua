-- What a replay answers: the time, the end of the session, then version, creation and expiry of each document.
local function writtenText(answer)
  local parts = { 'put', num(answer[2]), num(answer[4]) }
  for place = 5, #answer do parts[#parts + 1] = num(answer[place]) end
  return table.concat(parts, ',')
end

for index = 1, writesCount do
  local key, _, ttl, tags, json = writesAt(index)
  local live, before, sources = found[index], old[index], ''
  if SOURCES then tags, sources = string.match(tags, '^([^;]*)(.*)$') end
  local parts = { version = nextVersion(before and before.version or 0),
    created = live and live.created or num(now), updated = num(now), expires = ttl > 0 and now + ttl or 0,
    tags = tags, sources = sources, json = json }
  storeDocument(key, before, parts)
  answer[#answer + 1] = parts.version
  answer[#answer + 1] = tonumber(parts.created)
  answer[#answer + 1] = parts.expires
end
-- Few at a time, with every write: more than can expire by one write, so that what has expired never piles up.
sweepDocuments(20)
