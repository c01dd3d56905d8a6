-- All of them, at this moment; in steps, since Lua passes some thousands of arguments at most.
-- list: sortKeys
-- #include records
local answer = { 'ok', sessionExpires, inc }
for from = 1, sortKeysCount, 1000 do
  local last = math.min(from + 999, sortKeysCount)
  local found = redis.call('HMGET', DOCUMENTS, unpack(ARGV, sortKeysFrom + from, sortKeysFrom + last))
  for index = 1, last - from + 1 do
    answer[#answer + 1] = isLive(found[index]) and textOf(found[index]) or ''
  end
end
return answer
