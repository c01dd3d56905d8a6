-- keys: log operations
-- #include clock
-- #include head
-- #include mark
local text = redis.call('LINDEX', LOG, -1)
local h, problem
if text then h, problem = parseHead(text) end
if problem then return { problem } end
if not text then
  local mark, unreadable = readMark()
  if unreadable then return { unreadable } end
  return { mark and isEvicted(mark) and 'evicted' or 'none' }
end
if hasEnded(h.expires) then return { 'none' } end
