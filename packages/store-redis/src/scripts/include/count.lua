-- How many live documents have a sort key from `low` on, before `high`; an empty `high` is the end. What has expired and
-- is not removed yet stands in the order still. All of a range begins with its lower end.
-- keys: documentOrder documentsExpiring
-- access: read
-- arguments: low high
local count = redis.call('ZLEXCOUNT', DOCUMENT_ORDER, low == '' and '-' or '[' .. low, high == '' and '+' or '(' .. high)
for _, key in ipairs(redis.call('ZRANGEBYSCORE', DOCUMENTS_EXPIRING, '-inf', num(now))) do
  if string.sub(key, 1, #low) == low then count = count - 1 end
end
return { 'ok', count }
