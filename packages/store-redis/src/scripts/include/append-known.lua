-- The common-case append to the session with this head, `text`. Answers 'full' when it takes more than that: another
-- lifetime, expiries to be set, operations to be let go of; 'none' where there is no session.
-- keys: log operations olderOperations columns changes
-- #include operation-row
-- `found` is the token and the incarnation, `stable` where what this append leaves as it is begins.
local before, revision, size, expires, ops, found, stable, inc, first, ttl, fixed, sealed, old, rotate, aux =
  string.match(text or '', '^H{{formatVersion}}|(%d+)|(%d+)|(%d+)|%-?%d+|(%d+)|(%d+)|([^|]*|()([^|]*))|(%d+)|%-?%d+|(%d+)|([01])|([01])|(%d+)|(%d+)|[%d.]+|(%d+)|')
if not before then return { text and problemOf(text) or 'none' } end
before, expires, ops, old = tonumber(before), tonumber(expires), tonumber(ops), tonumber(old)
if hasEnded(expires) then return { 'full' } end
-- #include append-checks
if setTtl and setTtl ~= tonumber(ttl) then return { 'full' } end
local slides = expires ~= 0 and (setTtl or fixed == '0')
if slides then expires = now + ttl end
-- The columns of an empty log are made anew, and need an expiry of their own.
local begins = expires ~= 0 and before < tonumber(first)
if begins or now >= tonumber(rotate) or (expires ~= 0 and aux - expires < ttl / 8) then return { 'full' } end
local tail = string.sub(text, stable)
local newLandmarks
if LANDMARKS then
  -- #include landmarks
  -- #include new-landmarks
  if #newLandmarks > 0 then
    local ahead, count, behind = string.match(tail, '^(.-|%d+%.%d+%.)(%d+)(|.*)$')
    -- None may be lost, and a first one needs an expiry of its own.
    if call('ZCARD', LANDMARKS) ~= tonumber(count) or (expires ~= 0 and count == '0') then return { 'full' } end
    tail = ahead .. num(count + #newLandmarks / 2) .. behind
  end
end
-- A session that is there is known among the changes, or they are lost and need an expiry of their own.
if call('ZADD', CHANGES, '+inf', session) == 1 then return { 'full' } end
local stamp = num(now)
local version = before + eventsCount
revision = revision + 1
if eventsCount > 0 then call('LSET', LOG, -1, stamp .. ARGV[eventsFrom + 1]) end
if operation then
  call('HSET', OPERATIONS, operation, {{operationRow}})
  ops = ops + 1
end
local head = string.format('H{{formatVersion}}|%d|%d|%d|%s|%d|%d|%s|', version, revision, size + bytes, stamp, expires,
  ops, token) .. tail
if eventsCount == 0 then
  call('LSET', LOG, -1, head)
else
  -- #include push-events
  call('RPUSH', LOG, head)
  if call('APPEND', COLUMNS, cells) ~= (version - first + 1) * 2 then call('UNLINK', COLUMNS) end
end
if newLandmarks then
  -- #include add-landmarks
end
if slides then call('PEXPIREAT', LOG, num(expires)) end
return { 'ok', before + 1, version, revision, found, now }
