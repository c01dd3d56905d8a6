-- arguments: key ttl:number
local live = findDocument(key)
if not live then return { 'none' } end
if needsSources(live) then return { 'sources' } end
local before = { tags = live.tags, expires = live.expires, sources = live.sources }
live.expires = ttl > 0 and now + ttl or 0
storeDocument(key, before, live)
