-- list: deletes(key expectedVersion:number?)
local found = {}
for index = 1, deletesCount do
  local key, expectedVersion = deletesAt(index)
  local live = findDocument(key)
  if live then
    if needsSources(live) then return { 'sources' } end
    if expectedVersion and expectedVersion ~= live.version then return { 'version', live.version, index - 1 } end
    found[key] = live
  end
end
local count = 0
for key, parts in pairs(found) do
  removeDocument(key, parts)
  count = count + 1
end
sweepDocuments(20)
