-- Behind the first event, which stands where the head was. Lua passes some thousands of arguments at most.
for from = 2, eventsCount, 2000 do
  local chunk = {}
  for index = from, math.min(from + 1999, eventsCount) do chunk[#chunk + 1] = stamp .. ARGV[eventsFrom + index] end
  redis.call('RPUSH', LOG, unpack(chunk))
end
