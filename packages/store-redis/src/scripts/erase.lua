-- The ranges are `from-to,…`.
-- #include unit
-- #include rewrite
-- #include removals
-- #include open
-- arguments: ranges
if not h then return { 'none' } end
local erased, changed = blankEvents(h, pairsOf(ranges))
if #changed > 0 then
  h.revision = h.revision + 1
  noteRemoval(h, changed)
  saveHead(session, h, subjectOf(mark))
end
return { 'ok', h.revision, erased, h.removal }
