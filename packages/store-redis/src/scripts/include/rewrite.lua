-- Changes events in place. An element is `recordedAt:retractedBy:flag:bytes:json`. The flag is a letter whose place in the
-- alphabet from `A` on is type (0 message, 1 summary, 2 handoff, 3 execution, 4 retraction, 5 custom) + 6 when pinned
-- + 12 when retracted + 24 when erased. A cell of the columns is the flag and a letter of the agent.
--
-- LSET walks the list's nodes, so changing many events one by one would hold the server up for long: those are changed
-- by writing the list again beside itself, in one walk that holds no more than a part of it.

-- Where the parts of an element are. None is copied, least of all the body: most of a walk would be that. What a
-- change sets of by, bytes and json takes the place of what is there; code is the flag's number.
local function partsOf(element, p)
  local _, _, by, flag, bytes, json = string.find(element, '^%-?%d+:()%d+:().:()%d+:()')
  p.element, p.byAt, p.bytesAt, p.jsonAt, p.code = element, by, bytes, json, string.byte(element, flag) - 65
  p.marked = flag - by ~= 2 or string.byte(element, by) ~= 48
  p.by, p.bytes, p.json = nil, nil, nil
  return p
end

local function recordedOf(p) return tonumber(string.sub(p.element, 1, p.byAt - 2)) end
local function bytesOf(p) return tonumber(string.sub(p.element, p.bytesAt, p.jsonAt - 2)) end
local function jsonOf(p) return string.sub(p.element, p.jsonAt) end

local function elementOf(p)
  -- The by and its colon end before the flag, the flag and its colon before the bytes.
  local by = p.by or string.sub(p.element, p.byAt, p.bytesAt - 4)
  local rest = p.json and p.bytes .. ':' .. p.json or string.sub(p.element, p.bytesAt)
  return string.sub(p.element, 1, p.byAt - 1) .. by .. ':' .. string.char(65 + p.code) .. ':' .. rest
end

-- How many neighbours are read at a time: some megabytes of them.
local function chunkOf(h)
  return math.max(1, math.min(1000, math.floor(4194304 * (h.version - h.first + 1) / math.max(h.bytes, 1))))
end

local function setCell(h, seq, code)
  local place = (seq - h.first) * 2
  if redis.call('STRLEN', COLUMNS) > place then redis.call('SETRANGE', COLUMNS, place, string.char(65 + code)) end
end

-- Ranges as text to a list of pairs.
local function pairsOf(ranges)
  local list = {}
  for from, to in string.gmatch(ranges, '(%d+)%-(%d+)') do
    list[#list + 1] = { tonumber(from), tonumber(to) }
  end
  return list
end

-- The same for the events from one on; codes has those that changed, by place.
local function setCells(h, from, count, codes)
  local start = (from - h.first) * 2
  if next(codes) == nil or redis.call('STRLEN', COLUMNS) < start + count * 2 then return end
  local cells = redis.call('GETRANGE', COLUMNS, start, start + count * 2 - 1)
  local anew = {}
  for place = 1, count do
    local code = codes[place]
    anew[place] = code and string.char(65 + code, string.byte(cells, place * 2)) or string.sub(cells, place * 2 - 1, place * 2)
  end
  redis.call('SETRANGE', COLUMNS, start, table.concat(anew))
end

-- Writes the list again: what changed already, and what change(parts, seq) says of the events behind that.
local function rewriteEvents(h, spans, changed, seen, change)
  local parts, span, length, chunk = {}, 1, redis.call('LLEN', LOG), chunkOf(h)
  redis.call('UNLINK', NEXT)
  for from = 0, length - 1, chunk do
    local run, codes = redis.call('LRANGE', LOG, from, from + chunk - 1), {}
    for place = 1, #run do
      local seq = h.first + from + place - 1
      while spans[span] and spans[span][2] < seq do span = span + 1 end
      if changed[seq] then
        run[place] = changed[seq]
      elseif seq > seen and spans[span] and spans[span][1] <= seq and change(partsOf(run[place], parts), seq) then
        run[place] = elementOf(parts)
        codes[place] = parts.code
      end
    end
    setCells(h, h.first + from, math.min(#run, length - 1 - from), codes)
    redis.call('RPUSH', NEXT, unpack(run))
  end
  redis.call('UNLINK', LOG)
  redis.call('RENAME', NEXT, LOG)
end

-- Calls change(parts, seq) for each event of the ranges, ascending and apart, that is in the log; what returns true is
-- written back. The parts are of one call only.
local function changeEvents(h, list, change)
  local spans = {}
  for _, pair in ipairs(list) do
    local from, to = math.max(pair[1], h.first), math.min(pair[2], h.version)
    if from <= to then spans[#spans + 1] = { from, to } end
  end
  local changed, count, parts, chunk = {}, 0, {}, chunkOf(h)
  for _, span in ipairs(spans) do
    for from = span[1], span[2], chunk do
      local run = redis.call('LRANGE', LOG, from - h.first, math.min(from + chunk - 1, span[2]) - h.first)
      for place = 1, #run do
        local seq = from + place - 1
        if change(partsOf(run[place], parts), seq) then
          changed[seq] = elementOf(parts)
          setCell(h, seq, parts.code)
          count = count + 1
          if count > 200 then return rewriteEvents(h, spans, changed, seq, change) end
        end
      end
    end
  end
  for seq, element in pairs(changed) do redis.call('LSET', LOG, seq - h.first, element) end
end
