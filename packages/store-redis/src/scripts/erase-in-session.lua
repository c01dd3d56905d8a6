-- Neither a seal nor a fence keeps what is derived from something that is removed.
-- arguments: session
-- #include in-session
local h, lost = openHead(session)
if lost then return { lost } end
if not h then return { 'none' } end
-- #include erase-documents
keepSession(h)
return answer
