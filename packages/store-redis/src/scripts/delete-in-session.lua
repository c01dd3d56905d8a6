-- #include guarded
if not h then return { 'ok', 0 } end
-- #include do-deletes
recordOperation('deleted,' .. num(count))
keepSession(h)
return { 'ok', count }
