-- list: writes(key expectedVersion:number? ttl:number tags json)
local found, old = {}, {}
for index = 1, writesCount do
  local key, expectedVersion = writesAt(index)
  local live, any = findDocument(key)
  local version = live and live.version or 0
  if expectedVersion and expectedVersion ~= version then return { 'version', version, index - 1 } end
  if needsSources(any) then return { 'sources' } end
  found[index], old[index] = live or false, any or false
end
