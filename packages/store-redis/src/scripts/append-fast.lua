-- The append to a session that the process knows. Every key, argument and command costs time, so it takes few: the index
-- of pinned messages and summaries is named where there are some. Answers 'none' where there is no session.
-- keys: log operations olderOperations columns changes lease? landmarks?
-- arguments: session
-- list: events
-- #include clock
-- #include format
local call = redis.call
local text = call('LINDEX', LOG, -1)
-- #include append-known
