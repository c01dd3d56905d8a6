import { defineScript, type Script } from "../connection/connection.ts";

/**
 * The lease of a session in one key, \`fence|expiresAt|released\`. It outlives the session by a day, so that tokens
 * only grow; after that the server's microseconds are greater than any token granted before.
 */
const lease = `
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local micros = time[1] * 1000000 + time[2]
local fence, expires, released = 0, 0, '1'
local text = redis.call('GET', KEYS[1])
if text then
  local a, b, c = string.match(text, '^(%d+)|(%d+)|([01])$')
  fence, expires, released = tonumber(a), tonumber(b), c
end
local function save(untilMs, ended)
  redis.call('SET', KEYS[1], string.format('%d|%d|%s', fence, untilMs, ended))
  redis.call('PEXPIREAT', KEYS[1], string.format('%d', math.max(untilMs, now) + 90000000))
end
`;

/** ARGV: 1 ttl. Answers the token and its end, or 'held' with those of the holder and how long it still has. */
export const acquire: Script = defineScript(`${lease}
if released == '0' and now < expires then return { 'held', fence, expires, expires - now } end
fence = math.max(fence + 1, micros)
expires = now + tonumber(ARGV[1])
save(expires, '0')
return { 'ok', fence, expires }
`);

/** ARGV: 1 token, 2 ttl. What ran out without another holder may still be renewed. */
export const renew: Script = defineScript(`${lease}
if tonumber(ARGV[1]) ~= fence or released == '1' then return { 'lost' } end
expires = now + tonumber(ARGV[2])
save(expires, '0')
return { 'ok', fence, expires }
`);

/** ARGV: 1 token. */
export const release: Script = defineScript(`${lease}
if tonumber(ARGV[1]) == fence and released == '0' then save(now, '1') end
return { 'ok' }
`);
