-- #include alone
-- #include touch-one
keepBucket()
return { 'ok', 0, '', redis.call('HGET', DOCUMENTS, key) }
