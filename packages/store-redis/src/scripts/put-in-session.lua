-- #include guarded
-- arguments: newIncarnation newTtl:number newFixed:boolean newSubject newRest
-- #include check-writes
local created
if not h then
  -- Before a session begins, too, Redis has to look for room.
  markChanged()
  created = newSubject
  h = createHead(session, newIncarnation, newTtl, newFixed, newSubject, newRest, mark)
end
local answer = { 'ok', now, h.inc, h.expires }
-- #include do-writes
recordOperation(writtenText(answer))
keepSession(h, created)
return answer
