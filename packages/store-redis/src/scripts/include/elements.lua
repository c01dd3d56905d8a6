-- What one script takes out of a log at most, in bytes, and one event more.
-- constant: mostBytes = 16777216

-- Takes neighbours out of the list. How big an element is can only be told by reading it, so of a log that is bigger
-- than what may be read a few are taken at a time: fewer after big ones, more after small ones. Any other comes with
-- one LRANGE. Calls take(element, seq) for each from one seq to another, by a step of 1 or -1, until it returns true.
local function eachElement(h, from, to, step, take)
  local count = h.bytes <= mostBytes and 1000 or 4
  while (to - from) * step >= 0 do
    local last = from + (count - 1) * step
    if (to - last) * step < 0 then last = to end
    local low, high = math.min(from, last) - h.first, math.max(from, last) - h.first
    local run, bytes = redis.call('LRANGE', LOG, low, high), 0
    for place = 1, #run do
      local element = run[step == 1 and place or #run + 1 - place]
      bytes = bytes + #element
      if take(element, from + (place - 1) * step) then return end
    end
    if h.bytes > mostBytes then count = math.max(1, math.min(count * 2, 32, math.floor(1048576 * #run / bytes))) end
    from = last + step
  end
end
