-- #include alone
-- #include require-room
-- #include check-writes
local answer = { 'ok', now, '', 0 }
-- #include do-writes
keepBucket()
return answer
