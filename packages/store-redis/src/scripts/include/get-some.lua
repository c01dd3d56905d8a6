-- As many of them, from the first on, as have so many bytes together; at least one. An empty text also for what was not
-- written since.
-- arguments: most:number since:number
-- list: sortKeys
-- #include records
local bytes = 0
local answer = { 'ok', sessionExpires, inc }
for index = 1, sortKeysCount do
  if bytes >= most then break end
  local record = redis.call('HGET', DOCUMENTS, ARGV[sortKeysFrom + index])
  if isLive(record) and tonumber(string.match(record, '^%d+|%-?%d+|(%-?%d+)|') or since) >= since then
    bytes = bytes + #record
    answer[#answer + 1] = textOf(record)
  else
    answer[#answer + 1] = ''
  end
end
return answer
