/**
 * Changes events in place. An element is `recordedAt:retractedBy:flag:bytes:json`. The flag is a letter whose place
 * in the alphabet from `A` on is type (0 message, 1 summary, 2 handoff, 3 execution, 4 retraction, 5 custom)
 * + 6 when pinned + 12 when retracted + 24 when erased. A cell of the columns is the flag and a letter of the agent.
 *
 * LSET walks the list's nodes, so changing many events one by one would hold the server up for long: those are
 * changed by writing the list anew beside itself, which costs about a microsecond an event.
 */
export const rewrite: string = `
local function partsOf(element)
  local recorded, by, flag, bytes, json = string.match(element, '^(%-?%d+):(%d+):(.):(%d+):(.*)$')
  return { recorded = recorded, by = by, code = string.byte(flag) - 65, bytes = bytes, json = json }
end

local function elementOf(p)
  return p.recorded .. ':' .. p.by .. ':' .. string.char(65 + p.code) .. ':' .. p.bytes .. ':' .. p.json
end

local function setCell(h, seq, code)
  local place = (seq - h.first) * 2
  if redis.call('STRLEN', COL) > place then redis.call('SETRANGE', COL, place, string.char(65 + code)) end
end

-- Ranges as text to a list of pairs within what is in the log.
local function pairsOf(h, ranges)
  local list = {}
  for from, to in string.gmatch(ranges, '(%d+)%-(%d+)') do
    list[#list + 1] = { tonumber(from), tonumber(to) }
  end
  return list
end

-- Calls change(parts, seq) for each event of the ranges that are in the log; what returns true is written back.
local function changeEvents(h, list, change)
  local spans, total = {}, 0
  for _, pair in ipairs(list) do
    local from, to = math.max(pair[1], h.first), math.min(pair[2], h.version)
    if from <= to then
      spans[#spans + 1] = { from, to }
      total = total + to - from + 1
    end
  end
  local changed = {}
  for _, span in ipairs(spans) do
    for from = span[1], span[2], 1000 do
      local to = math.min(from + 999, span[2])
      local elements = redis.call('LRANGE', LOG, from - h.first, to - h.first)
      for index, element in ipairs(elements) do
        local parts = partsOf(element)
        if change(parts, from + index - 1) then
          changed[from + index - 1] = elementOf(parts)
          setCell(h, from + index - 1, parts.code)
        end
      end
    end
  end
  local count = 0
  for _ in pairs(changed) do count = count + 1 end
  if count <= 200 then
    for seq, element in pairs(changed) do redis.call('LSET', LOG, seq - h.first, element) end
    return count
  end
  redis.call('UNLINK', NEXT)
  local length = redis.call('LLEN', LOG)
  for from = 0, length - 1, 1000 do
    local elements = redis.call('LRANGE', LOG, from, from + 999)
    for index = 1, #elements do
      local element = changed[h.first + from + index - 1]
      if element then elements[index] = element end
    end
    redis.call('RPUSH', NEXT, unpack(elements))
  end
  redis.call('RENAME', NEXT, LOG)
  return count
end

-- Events that repeat others, oldest first: a source is always older than what repeats it.
local function derivedEvents()
  local flat = redis.call('HGETALL', DERIVED)
  local list = {}
  for index = 1, #flat, 2 do list[#list + 1] = { tonumber(flat[index]), flat[index + 1] } end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

local function meets(ranges, seqs, asked)
  for from, to in string.gmatch(ranges, '(%d+)%-(%d+)') do
    from, to = tonumber(from), tonumber(to)
    for _, pair in ipairs(asked) do
      if pair[1] <= to and pair[2] >= from then return true end
    end
    if to - from < 1000 then
      for seq = from, to do if seqs[seq] then return true end end
    else
      for seq in pairs(seqs) do if seq >= from and seq <= to then return true end end
    end
  end
  return false
end

-- Blanks the events of the ranges and, transitively, what was derived from them. A tombstone keeps type and times;
-- the type is read from the event, once. Returns all that is blank now, and whether anything changed.
local function blankEvents(h, asked)
  local erased, seqs, any = {}, {}, false
  local function blank(parts, seq)
    seqs[seq] = true
    erased[#erased + 1] = seq
    if parts.code >= 24 then return false end
    local event = cjson.decode(parts.json)
    local at = event.at and string.format(',"at":%d', event.at) or ''
    h.bytes = h.bytes - tonumber(parts.bytes)
    parts.bytes = '0'
    parts.json = '{"type":' .. cjson.encode(event.type) .. at .. ',"erasedAt":' .. num(now) .. '}'
    -- A tombstone is not pinned.
    parts.code = parts.code % 6 + math.floor(parts.code / 12) % 2 * 12 + 24
    any = true
    return true
  end
  changeEvents(h, asked, blank)
  for _, derived in ipairs(derivedEvents()) do
    local seq = derived[1]
    if not seqs[seq] and seq >= h.first and meets(derived[2], seqs, asked) then
      changeEvents(h, { { seq, seq } }, blank)
    end
  end
  table.sort(erased)
  return erased, any
end

-- Marks the messages and summaries of the ranges that nothing has marked yet, and summaries derived from those.
local function retract(h, by, ranges)
  local marked, any = {}, false
  local function mark(parts, seq)
    local kind = parts.code % 6
    if kind > 1 or parts.by ~= '0' or parts.code >= 24 then return false end
    parts.by = num(by)
    parts.code = parts.code + 12
    marked[seq] = true
    any = true
    return true
  end
  changeEvents(h, pairsOf(h, ranges), mark)
  if not any then return end
  for _, derived in ipairs(derivedEvents()) do
    local seq = derived[1]
    if seq < by and not marked[seq] and seq >= h.first and meets(derived[2], marked, {}) then
      changeEvents(h, { { seq, seq } }, function(parts)
        return parts.code % 6 == 1 and mark(parts, seq)
      end)
    end
  end
end
`;
