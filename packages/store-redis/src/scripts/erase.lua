-- The ranges are `from-to,…`.
-- #include unit
-- #include rewrite
-- #include removals
-- #include open
-- arguments: ranges keptRanges token
if not h then return { 'none' } end
local erased, changed = blankEvents(h, pairsOf(ranges), pairsOf(keptRanges))
if #changed > 0 then
  revise(h, token)
  noteRemoval(h, changed)
  saveHead(session, h, subjectOf(mark))
end
return { 'ok', h.revision, erased, h.removal, h.token, tokenBefore }
