-- What erasures, retractions and trims do to events, and what is remembered of it. After `rewrite`.
-- #include landmarks
-- #include spans
-- constant: maxRemovedRanges = 128

-- Events that repeat others, oldest first: a source is always older than what repeats it. The empty field is none. Read
-- once, after what the script adds to them.
local derivedList
local function derivedEvents()
  if derivedList then return derivedList end
  local flat = redis.call('HGETALL', DERIVED)
  local list = {}
  for index = 1, #flat, 2 do
    if flat[index] ~= '' then list[#list + 1] = { tonumber(flat[index]), flat[index + 1] } end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  derivedList = list
  return list
end

-- Seqs as spans, ascending and apart. Sorts them.
local function spansOf(seqs)
  table.sort(seqs)
  local spans = {}
  for _, seq in ipairs(seqs) do
    local last = spans[#spans]
    if last and seq <= last[2] + 1 then last[2] = seq else spans[#spans + 1] = { seq, seq } end
  end
  return spans
end

-- What was removed, as `revision:from-to;` by ascending revision, is stored in the empty field of the derived events: it
-- lives as long as they do. At most `maxRemovedRanges`; then the oldest become one that spans them, see core's addRemoval.
local function removedRanges()
  local list = {}
  for revision, from, to in string.gmatch(redis.call('HGET', DERIVED, '') or '', '(%d+):(%d+)%-(%d+);') do
    list[#list + 1] = { tonumber(from), tonumber(to), tonumber(revision) }
  end
  return list
end

local function saveRemoved(list)
  local spanned, texts = #list > maxRemovedRanges and #list - maxRemovedRanges / 2 or 0, {}
  if spanned > 0 then
    local whole = { list[1][1], list[1][2], list[spanned][3] }
    for place = 2, spanned do
      whole[1], whole[2] = math.min(whole[1], list[place][1]), math.max(whole[2], list[place][2])
    end
    list[spanned] = whole
    spanned = spanned - 1
  end
  for place = spanned + 1, #list do
    texts[#texts + 1] = string.format('%d:%d-%d;', list[place][3], list[place][1], list[place][2])
  end
  redis.call('HSET', DERIVED, '', table.concat(texts))
end

-- Remembers what the write that led to the present revision took out. Before the head is saved.
local function noteRemoval(h, spans)
  if #spans == 0 then return end
  local list = removedRanges()
  for _, span in ipairs(spans) do list[#list + 1] = { span[1], span[2], h.revision } end
  saveRemoved(list)
  h.removal = h.revision
end

-- Adds what was removed from another copy of the session, as it is stored there.
local function adoptRemoved(text)
  if text == '' then return end
  local list, known = removedRanges(), {}
  for _, one in ipairs(list) do known[string.format('%d:%d-%d;', one[3], one[1], one[2])] = true end
  for one, revision, from, to in string.gmatch(text, '((%d+):(%d+)%-(%d+);)') do
    if not known[one] then list[#list + 1] = { tonumber(from), tonumber(to), tonumber(revision) } end
  end
  table.sort(list, function(a, b) return a[3] < b[3] end)
  saveRemoved(list)
end

-- Whether an event of these ranges was removed after a revision.
local function wasRemovedSince(revision, ranges)
  local since, spans = {}, {}
  for _, one in ipairs(removedRanges()) do if one[3] > revision then since[#since + 1] = one end end
  table.sort(since, function(a, b) return a[1] < b[1] end)
  for _, one in ipairs(since) do
    local last = spans[#spans]
    if last and one[1] <= last[2] then last[2] = math.max(last[2], one[2]) else spans[#spans + 1] = { one[1], one[2] } end
  end
  return meets(ranges, spans)
end

-- Blanks the events of the ranges and, transitively, what was derived from them; and those of `kept` alone. A tombstone
-- keeps type and times; the type is read from the event, once. Returns all that is blank now, and as spans what of it was
-- not before.
local function blankEvents(h, asked, kept)
  local erased, changed, later, rest = {}, {}, {}, ''
  local function blank(parts, seq)
    erased[#erased + 1] = seq
    if parts.code >= 24 then return false end
    local event = cjson.decode(jsonOf(parts))
    local at = event.at and string.format(',"at":%d', event.at) or ''
    h.bytes = h.bytes - bytesOf(parts)
    parts.bytes = '0'
    parts.json = '{"type":' .. cjson.encode(event.type) .. at .. ',"erasedAt":' .. num(now) .. rest .. '}'
    removeLandmark(seq, parts.code)
    -- A tombstone is not pinned.
    parts.code = parts.code % 6 + math.floor(parts.code / 12) % 2 * 12 + 24
    changed[#changed + 1] = seq
    return true
  end
  changeEvents(h, asked, blank)
  for _, derived in ipairs(derivedEvents()) do
    local seq = derived[1]
    local span = asked[spanFrom(asked, seq)]
    if seq >= h.first and not (span and span[1] <= seq) and meets(derived[2], asked, later) then
      changeEvents(h, { { seq, seq } }, blank)
      later[#later + 1] = { seq, seq }
    end
  end
  if #kept > 0 then
    local known = {}
    for _, seq in ipairs(erased) do known[seq] = true end
    rest = ',"derived":"kept"'
    changeEvents(h, kept, function(parts, seq) return not known[seq] and blank(parts, seq) end)
  end
  table.sort(erased)
  return erased, spansOf(changed)
end

-- Marks the messages and summaries of ranges, ascending and apart, that nothing has marked yet, and summaries derived
-- from those. Adds what it marked to a list.
local function retract(h, by, ranges, retracted)
  local marked, text = {}, num(by)
  local function mark(parts, seq)
    local kind = parts.code % 6
    if kind > 1 or parts.marked or parts.code >= 24 then return false end
    removeLandmark(seq, parts.code)
    parts.by = text
    parts.code = parts.code + 12
    marked[#marked + 1] = seq
    retracted[#retracted + 1] = seq
    return true
  end
  changeEvents(h, ranges, mark)
  if #marked == 0 then return end
  local first, later = spansOf(marked), {}
  for _, derived in ipairs(derivedEvents()) do
    local seq = derived[1]
    if seq < by and seq >= h.first and meets(derived[2], first, later) then
      changeEvents(h, { { seq, seq } }, function(parts)
        if parts.code % 6 ~= 1 or not mark(parts, seq) then return false end
        later[#later + 1] = { seq, seq }
        return true
      end)
    end
  end
end

-- Lets retractions take effect, as `number=from-to,…;` with the number behind a seq. No two name the same event.
local function retractAll(h, retractions, after, retracted)
  for number, ranges in string.gmatch(retractions, '(%d+)=([^;]*);') do
    retract(h, after + tonumber(number), pairsOf(ranges), retracted)
  end
end
