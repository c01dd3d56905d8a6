-- #include alone
-- #include operation-alone(first = "writesAt(1)")
-- #include check-writes
-- keys: ownerSources?
local answer = { 'ok', now, '', 0 }
-- #include do-writes
recordOperation(writtenText(answer))
keepBucket()
return answer
