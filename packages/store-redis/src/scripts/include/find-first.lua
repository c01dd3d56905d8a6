-- The first sort keys of a range of the order, then the documents of as many of them as are asked for and have so many bytes
-- together, at least one. The range is given from the end at which it starts.
-- keys: documentOrder
-- access: read
-- arguments: command from to chunk:number records:number most:number
-- #include record-since
local keys = redis.call(command, DOCUMENT_ORDER, from, to, 'LIMIT', 0, chunk)
local bytes = 0
local answer = { 'ok', sessionExpires, inc, #keys }
for _, key in ipairs(keys) do answer[#answer + 1] = key end
for index = 1, math.min(records, #keys) do
  if bytes >= most then break end
  local record = recordSince(keys[index])
  bytes = bytes + #record
  answer[#answer + 1] = record
end
return answer
