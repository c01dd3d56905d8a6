-- What stands below a page whose oldest event is `from`: pinned messages and summaries in force, newest first, each with
-- its seq, and 1 when there are more. As many bytes as may be read at once. After `elements` and `landmarks`.
-- keys: landmarks derived
-- arguments: maxPinned:number maxSummaries:number
local function landmarksBelow(high, low, limit)
  return redis.call('ZREVRANGEBYSCORE', LANDMARKS, high, low, 'LIMIT', 0, limit)
end

local function take(seqs, most)
  local taken, bytes = {}, 0
  for index = 1, math.min(#seqs, most) do
    if bytes >= mostBytes then return taken, 1 end
    local element = redis.call('LINDEX', LOG, seqs[index] - h.first)
    taken[#taken + 1] = element
    bytes = bytes + #element
  end
  return taken, #seqs > most and 1 or 0
end

-- Those that no later one of them names in its `derivedFrom`.
local function inForce(seqs)
  local ranges = #seqs > 0 and redis.call('HMGET', DERIVED, unpack(seqs)) or {}
  local kept = {}
  for index, seq in ipairs(seqs) do
    local span, isNamed = { { tonumber(seq), tonumber(seq) } }, false
    for place = 1, index - 1 do isNamed = isNamed or (ranges[place] and meets(ranges[place], span)) end
    if not isNamed then kept[#kept + 1] = seq end
  end
  return kept
end

local function readBelow(from)
  local answer = {}
  if maxPinned > 0 then
    local seqs = landmarksBelow('(' .. num(from), '-inf', maxPinned + 1)
    local taken, more = take(seqs, maxPinned)
    answer[1] = { seqs, taken, more }
  end
  if maxSummaries > 0 then
    local seqs, older = landmarksBelow('+inf', num(summaryOffset), maxSummaries + 1), {}
    local more = #seqs > maxSummaries
    if more then seqs[#seqs] = nil end
    for _, seq in ipairs(inForce(seqs)) do if tonumber(seq) < from then older[#older + 1] = seq end end
    local taken, cut = take(older, #older)
    answer[2] = { older, taken, (more or cut == 1) and 1 or 0 }
  end
  return { answer[1] or {}, answer[2] or {} }
end
