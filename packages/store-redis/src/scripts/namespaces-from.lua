-- Namespaces that hold a live document, in order, from a place on, cut to a depth. Answers with where to go on, or an
-- empty text.
-- keys: documents documentOrder
-- access: read
-- arguments: from limit:number depth:number
-- #include read-alone
-- #include records
local answer, looked = { 'ok', '' }, 0
while true do
  local keys = redis.call('ZRANGEBYLEX', DOCUMENT_ORDER, from == '' and '-' or '[' .. from, '+', 'LIMIT', 0, 1)
  local key = keys[1]
  if not key then return answer end
  if #answer - 1 > limit or looked > 2000 then
    answer[2] = from
    return answer
  end
  looked = looked + 1
  if isLive(redis.call('HGET', DOCUMENTS, key)) then
    local namespace = string.sub(key, 1, string.find(key, '\0\0', 1, true) - 1)
    local cut, place = 0, 1
    while cut < depth do
      local at = string.find(namespace, '\0\1', place, true)
      cut = cut + 1
      if not at then break end
      if cut == depth then
        namespace = string.sub(namespace, 1, at - 1)
        break
      end
      place = at + 2
    end
    answer[#answer + 1] = namespace
    from = namespace .. '\0' .. (cut == depth and '\2' or '\1')
  else
    from = key .. '\0'
  end
end
