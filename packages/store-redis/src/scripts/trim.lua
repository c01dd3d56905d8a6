-- Ends earlier when it has read enough.
-- #include unit
-- #include elements
-- #include rewrite
-- #include removals
-- #include open-unsealed
-- arguments: beforeSeq:number? olderThan:number? limit:number token
local bound, older = beforeSeq or math.huge, olderThan or math.huge
local removed, more, bytes, looked = 0, false, 0, 0
local size, parts = h.version - h.first + 1, {}
eachElement(h, h.first, math.min(h.version, bound - 1), 1, function(element)
  partsOf(element, parts)
  if recordedOf(parts) >= older then return true end
  more = removed == limit or looked >= mostBytes
  if more then return true end
  removed = removed + 1
  bytes = bytes + bytesOf(parts)
  looked = looked + #element
end)
if removed > 0 then
  redis.call('LTRIM', LOG, removed, -1)
  if redis.call('STRLEN', COLUMNS) == size * 2 then
    local rest = redis.call('GETRANGE', COLUMNS, removed * 2, -1)
    redis.call('UNLINK', COLUMNS)
    if rest ~= '' then redis.call('APPEND', COLUMNS, rest) end
  else
    redis.call('UNLINK', COLUMNS)
  end
  h.first = h.first + removed
  h.bytes = h.bytes - bytes
  revise(h, token)
  for _, derived in ipairs(derivedEvents()) do
    if derived[1] < h.first then redis.call('HDEL', DERIVED, num(derived[1])) end
  end
  redis.call('ZREMRANGEBYSCORE', LANDMARKS, '-inf', num(h.first - 1))
  redis.call('ZREMRANGEBYSCORE', LANDMARKS, num(summaryOffset), num(summaryOffset + h.first - 1))
  noteRemoval(h, { { h.first - removed, h.first - 1 } })
  saveHead(session, h, subjectOf(mark))
end
return { 'ok', removed, h.first, more and 1 or 0, h.removal, h.token, tokenBefore }
