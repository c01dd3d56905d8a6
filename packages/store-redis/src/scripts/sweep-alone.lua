-- The upkeep of one bucket. Answers how many documents went.
-- arguments: limit:number
-- #include alone
-- keys: ownerSources?
local count = sweepDocuments(limit)
keepBucket()
if redis.call('EXISTS', DOCUMENTS) == 0 then redis.call('UNLINK', SOURCES) end
return { 'ok', count }
