-- #include guarded
if not h then return { 'ok', 0 } end
-- #include do-deletes
keepSession(session, h)
return { 'ok', count }
