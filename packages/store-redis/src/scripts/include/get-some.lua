-- As many of them, from the first on, as have so many bytes together; at least one. An empty text also for what was not
-- written since.
-- arguments: most:number
-- list: sortKeys
-- #include record-since
local bytes = 0
local answer = { 'ok', sessionExpires, inc }
for index = 1, sortKeysCount do
  if bytes >= most then break end
  local record = recordSince(ARGV[sortKeysFrom + index])
  bytes = bytes + #record
  answer[#answer + 1] = record
end
return answer
