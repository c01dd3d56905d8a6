-- What most scripts over a session begin with.
-- arguments: session incarnation?
local h, lost, mark = openHead(session)
if lost then return { lost } end
if incarnation and (not h or h.inc ~= incarnation) then return { 'ended' } end
local tokenBefore = tokenFound(h)
