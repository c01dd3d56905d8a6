-- #include alone
-- #include touch-one
-- keys: ownerSources?
keepBucket()
return { 'ok', 0, '', redis.call('HGET', DOCUMENTS, key) }
