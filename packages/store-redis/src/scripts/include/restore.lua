-- Documents of another store, written as they are, when each is here in the version that it is expected in (0 for none).
-- Those whose time is over are left out.
-- arguments: least:number
-- list: writes(key expectedVersion:number version:number created updated expires:number tags json)
local old, expired = {}, 0
for index = 1, writesCount do
  local key, expectedVersion, _, _, _, expires = writesAt(index)
  if hasEnded(expires) then
    expired = expired + 1
  else
    local live, any = findDocument(key)
    local version = live and live.version or 0
    if version ~= expectedVersion then return { 'version', version, index - 1 } end
    if needsSources(any) then return { 'sources' } end
    old[index] = any or false
  end
end
{{guard}}
for index, before in pairs(old) do
  local key, _, version, created, updated, expires, tags, json = writesAt(index)
  local own, sources = string.match(tags, '^([^;]*)(.*)$')
  storeDocument(key, before, { version = version, created = created, updated = updated, expires = expires, tags = own,
    sources = sources, json = json })
end
raise(least)
