-- arguments: since:number
-- #include records

-- A live document that was written since then, or an empty text.
local function recordSince(key)
  local record = redis.call('HGET', DOCUMENTS, key)
  if isLive(record) and tonumber(string.match(record, '^%d+|%-?%d+|(%-?%d+)|') or since) >= since then return textOf(record) end
  return ''
end
