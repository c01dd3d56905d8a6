-- The common-case append. Every key and argument costs time, so it takes few: no pinned messages and summaries, which
-- need an index. Answers 'full' when it takes more than
-- that: a new session, an expiry to be set, operations to be let go of.
-- keys: log operations olderOperations columns changes lease?
-- arguments: session
-- list: events
-- #include clock
-- #include format
local text = redis.call('LINDEX', LOG, -1)
local version, revision, size, expires, ops, found, stable =
  string.match(text or '', '^H{{formatVersion}}|(%d+)|(%d+)|(%d+)|%-?%d+|(%d+)|(%d+)|([^|]*)|(.*)$')
if not version then return { text and problemOf(text) or 'full' } end
local inc, first, ttl, fixed, sealed, old, rotate, aux =
  string.match(stable, '^([^|]*)|(%d+)|%-?%d+|(%d+)|([01])|([01])|(%d+)|(%d+)|[%d.]+|(%d+)|')
if not inc then return { 'corrupt' } end
expires = tonumber(expires)
if hasEnded(expires) then return { 'full' } end
local h = { inc = inc, ops = tonumber(ops), old = tonumber(old), sealed = sealed, version = tonumber(version), token = found }
-- #include operations
-- #include append-checks
if expires ~= 0 and fixed == '0' then expires = now + ttl end
-- The columns of an empty log are made anew, and need an expiry of their own.
local begins = expires ~= 0 and tonumber(version) < tonumber(first)
if begins or now >= tonumber(rotate) or (expires ~= 0 and aux - expires < ttl / 8) then return { 'full' } end
-- The first change of a bucket needs an entry before it.
local newest = redis.call('ZREVRANGE', CHANGES, 0, 0, 'WITHSCORES')[2]
if not newest then return { 'full' } end
local stamp = num(now)
version, revision = before + eventsCount, revision + 1
if eventsCount > 0 then redis.call('LSET', LOG, -1, stamp .. ARGV[eventsFrom + 1]) end
if operation then
  redis.call('HSET', OPERATIONS, operation,
    string.format('%s|%s|%d|%d|%d', inc, fingerprint, before + 1, version, revision))
  ops = ops + 1
end
local head = string.format('H{{formatVersion}}|%d|%d|%d|%s|%d|%d|%s|', version, revision, size + bytes, stamp, expires,
  ops, token) .. stable
if eventsCount == 1 then
  redis.call('RPUSH', LOG, head)
elseif eventsCount == 0 then
  redis.call('LSET', LOG, -1, head)
else
  -- #include push-events
  redis.call('RPUSH', LOG, head)
end
if eventsCount > 0 and redis.call('APPEND', COLUMNS, cells) ~= (version - first + 1) * 2 then
  redis.call('UNLINK', COLUMNS)
end
redis.call('ZADD', CHANGES, num(math.max(newest + 1, time[1] * 1000000 + time[2])), session)
if expires ~= 0 and fixed == '0' then redis.call('PEXPIREAT', LOG, num(expires)) end
return { 'ok', before + 1, version, inc, revision, '=' .. found, stamp }
