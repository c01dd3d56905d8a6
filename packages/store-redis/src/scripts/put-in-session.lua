-- #include guarded
-- arguments: newIncarnation newTtl:number newFixed:boolean newSubject newRest
-- #include require-room
-- #include check-writes
local created
if not h then
  created = newSubject
  h = createHead(session, newIncarnation, newTtl, newFixed, newSubject, newRest, mark)
end
local answer = { 'ok', now, h.inc, h.expires }
-- #include do-writes
recordOperation(writtenText(answer))
keepSession(session, h, created)
return answer
