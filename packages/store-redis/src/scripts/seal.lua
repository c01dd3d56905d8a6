-- #include unit
-- #include open
-- arguments: sealed:boolean expectedVersion:number? fence:number? token
if not h then return { 'none' } end
-- #include check-fence
if expectedVersion and expectedVersion ~= h.version then return { 'version', h.version } end
if (h.sealed == '1') ~= sealed then
  h.sealed = sealed and '1' or '0'
  revise(h, token)
  saveHead(session, h, subjectOf(mark))
end
return { 'ok', headText(h), tokenBefore }
