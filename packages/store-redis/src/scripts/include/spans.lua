-- The first of the ascending spans that does not end before a seq; one behind the last when there is none.
local function spanFrom(spans, seq)
  local low, high = 1, #spans + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if spans[middle][2] < seq then low = middle + 1 else high = middle end
  end
  return low
end

-- Whether ranges, as text, have a seq in common with any of these lists of spans, each ascending and apart.
local function meets(ranges, ...)
  for from, to in string.gmatch(ranges, '(%d+)%-(%d+)') do
    from, to = tonumber(from), tonumber(to)
    for place = 1, select('#', ...) do
      local spans = select(place, ...)
      local span = spans[spanFrom(spans, from)]
      if span and span[1] <= to then return true end
    end
  end
  return false
end
