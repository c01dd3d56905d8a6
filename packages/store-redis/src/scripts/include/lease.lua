-- The lease of a session in one key, `format|fence|expiresAt|released`. It outlives the session by a day, so that tokens
-- only grow; after that the server's microseconds are greater than any token granted before.
-- keys: lease
-- #include clock
-- #include format
local micros = time[1] * 1000000 + time[2]
local fence, expires, released = 0, 0, '1'
local text = redis.call('GET', LEASE)
if text then
  fence, expires, released = string.match(text, '{{leasePattern}}')
  if not fence then return { problemOf(text) } end
  fence, expires = tonumber(fence), tonumber(expires)
end

local function save(untilMs, ended)
  redis.call('SET', LEASE, string.format('{{formatVersion}}|%d|%d|%s', fence, untilMs, ended))
  redis.call('PEXPIREAT', LEASE, num(math.max(untilMs, now) + 90000000))
end
