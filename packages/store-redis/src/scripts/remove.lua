-- Works on what is left of a session, too: that is how a loss is acknowledged.
-- #include unit
-- arguments: session incarnation? fence:number? expectedVersion:number? expectedToken?
local h, lost, mark = openHead(session)
if lost == 'newer' then return { lost } end
if not h and not lost then return { 'none' } end
local inc = h and h.inc or mark and mark.inc or ''
if incarnation and incarnation ~= inc then return { 'none' } end
-- #include check-fence
if h and expectedVersion and expectedVersion ~= h.version then return { 'version', h.version } end
if expectedToken and not (h and h.token == expectedToken) then return { 'token' } end
endSession(session, subjectOf(mark))
return { 'ok' }
