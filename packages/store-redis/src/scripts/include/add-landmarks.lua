-- Lua passes some thousands of arguments at most.
for from = 1, #newLandmarks, 2000 do
  redis.call('ZADD', LANDMARKS, unpack(newLandmarks, from, math.min(from + 1999, #newLandmarks)))
end
