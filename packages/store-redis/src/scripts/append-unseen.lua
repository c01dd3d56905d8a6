-- The append to a session that the process has not seen: begins one where there is none, and is no other than `append-fast`
-- where there is.
-- keys: log operations olderOperations columns changes lease landmarks
-- arguments: session
-- list: events
-- #include clock
-- #include format
local call = redis.call
local text = call('LINDEX', LOG, -1)
if not text then
  -- #include begin-session
end
-- #include append-known
