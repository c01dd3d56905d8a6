-- The landmarks among the new events, as places and seqs. After `landmarks`.
newLandmarks = {}
for index = 1, eventsCount do
  -- An element begins with `:0:`, the flag behind it.
  local code = string.byte(ARGV[eventsFrom + index], 4) - 65
  if isLandmark(code) then
    newLandmarks[#newLandmarks + 1] = placeOfLandmark(before + index, code)
    newLandmarks[#newLandmarks + 1] = num(before + index)
  end
end
