-- #include guarded
if not h then return { 'none' } end
-- #include touch-one
keepSession(h)
return { 'ok', h.expires, h.inc, redis.call('HGET', DOCUMENTS, key) }
