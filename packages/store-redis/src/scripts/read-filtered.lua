-- Events that a filter may want, found in the columns and taken from the list in one step. It may give some too many
-- (agents that share a letter, custom types), never one too few; the caller looks at each again. Looks at as many cells
-- as `cells` says, and gives as many events as may be read at once.
--
-- `kinds` are digits such as 02; `agent` is a letter; `pinned` is yes or no; `retracted` is exclude, only or include.
-- Answers the head, where to go on (0 for nowhere), the seqs, the events, and what stands below them.
-- keys: log operations columns landmarks derived
-- access: read
-- arguments: after:number before:number limit:number backward:boolean kinds? agent? pinned? retracted
-- arguments: atVersion:number? since:number? cells:number unlessToken?
-- #include open-for-read
-- #include elements
-- #include landmarks
-- #include spans
-- #include below
if h.token == unlessToken then return { 'ok', text, 0, {}, {}, { {}, {} } } end
local low = math.max(after + 1, h.first)
local high = math.min(before - 1, h.version)
if atVersion then high = math.min(high, atVersion) end
if since then
  -- The first event that was recorded then or later.
  local behind = high + 1
  while low < behind do
    local middle = math.floor((low + behind) / 2)
    local recorded = string.match(redis.call('LINDEX', LOG, middle - h.first), '^(%-?%d+):')
    if tonumber(recorded or 0) < since then low = middle + 1 else behind = middle end
  end
end
if low > high then return { 'ok', text, 0, {}, {}, readBelow(h.version + 1) } end

-- Which flags are wanted, by byte: a page has few kinds of them.
local wanted = {}
local function isWanted(flag)
  local code = flag - 65
  local isPinned, isRetracted = math.floor(code / 6) % 2 == 1, math.floor(code / 12) % 2 == 1
  local fits = not kinds or string.find(kinds, tostring(code % 6), 1, true) ~= nil
  if pinned and (pinned == 'yes') ~= isPinned then fits = false end
  if retracted == 'exclude' and isRetracted then fits = false end
  if retracted == 'only' and not isRetracted then fits = false end
  wanted[flag] = fits
  return fits
end
local letter = agent and string.byte(agent)
local indexed = redis.call('STRLEN', COLUMNS) == (h.version - h.first + 1) * 2
-- Without columns everything is given, a little at a time.
if not indexed then cells = math.min(cells, 2000) end

local seqs, stop, seq = {}, 0, backward and high or low
local step = backward and -1 or 1
local examined = 0
while seq >= low and seq <= high do
  if examined >= cells then stop = seq - step break end
  local count = math.min(2048, cells - examined, backward and seq - low + 1 or high - seq + 1)
  local from = backward and seq - count + 1 or seq
  local chunk = indexed and redis.call('GETRANGE', COLUMNS, (from - h.first) * 2, (from - h.first + count) * 2 - 1) or nil
  for index = 1, count do
    local fits = true
    if chunk then
      local flag, by = string.byte(chunk, (seq - from) * 2 + 1, (seq - from) * 2 + 2)
      fits = wanted[flag]
      if fits == nil then fits = isWanted(flag) end
      if letter and by ~= letter then fits = false end
    end
    if fits then
      if #seqs == limit then
        stop = seqs[limit]
        break
      end
      seqs[#seqs + 1] = seq
    end
    seq = seq + step
  end
  examined = examined + count
  if stop ~= 0 then break end
end

-- Runs of neighbours come together. What is too much for one answer is left for the next.
local events, bytes, index = {}, 0, 1
while index <= #seqs and bytes < mostBytes do
  local last = index
  while seqs[last + 1] == seqs[last] + step do last = last + 1 end
  eachElement(h, seqs[index], seqs[last], step, function(element)
    events[#events + 1] = element
    bytes = bytes + #element
    return bytes >= mostBytes
  end)
  index = last + 1
end
if #events < #seqs then stop = seqs[#events] end
return { 'ok', text, stop, seqs, events, readBelow(seqs[#events] or h.version + 1) }
