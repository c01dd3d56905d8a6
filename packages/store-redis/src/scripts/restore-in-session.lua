-- #include in-session
-- arguments: session incarnation? fence:number?
local h, lost = openHead(session)
if lost then return { lost } end
if not h then return { 'none' } end
if h.inc ~= incarnation then return { 'incarnation', h.inc } end
-- #include check-fence
-- #include restore(guard = "if h.sealed ~= '1' and (expired < writesCount or least > math.max(micros, versionFloor)) then return { 'unsealed', h.version } end")
keepSession(h)
return { 'ok', expired }
