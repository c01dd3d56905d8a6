-- Effective pinned messages and summaries by their seq, of summaries behind an offset: what stands below a page is found
-- without a look at the rest of the log. `code` is the flag's number, see `rewrite`.
-- constant: summaryOffset = 4503599627370496

local function isLandmark(code) return code < 12 and (code == 6 or code % 6 == 1) end

local function placeOfLandmark(seq, code) return num(code == 6 and seq or seq + summaryOffset) end

local function addLandmark(seq, code)
  if isLandmark(code) then redis.call('ZADD', LANDMARKS, placeOfLandmark(seq, code), num(seq)) end
end

local function removeLandmark(seq, code)
  if isLandmark(code) then redis.call('ZREM', LANDMARKS, num(seq)) end
end
