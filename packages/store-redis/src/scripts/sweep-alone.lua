-- The upkeep of one bucket. Answers how many documents went.
-- arguments: limit:number
-- #include alone
local count = sweepDocuments(limit)
keepBucket()
return { 'ok', count }
