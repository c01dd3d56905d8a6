-- #include guarded
if not h then return { 'none' } end
-- #include touch-one
keepSession(session, h)
return { 'ok', h.expires, h.inc, redis.call('HGET', DOCUMENTS, key) }
