import { defineScript, type Script } from "../connection/connection.ts";
import { prelude } from "./prelude.ts";

/**
 * What there is to do in a bucket, in one look. ARGV: 1 how many sessions at most, of each kind. KEYS: the sessions
 * that may have expired and those with documents that may, the documents that stand alone, and all else of the bucket.
 *
 * Answers sessions that may have expired, how many documents that stand alone have, sessions with documents that may
 * have, 1 when what points at documents is to be made anew, and 1 when nothing at all is left.
 */
export const lookAtBucket: Script = defineScript(
  `${prelude}
local EXPIRING, DUE, DOCS, DORDER, DTAGS, DEXPIRING = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
if redis.call('EXISTS', unpack(KEYS)) == 0 then return { {}, 0, {}, 0, 1 } end
local function due(key) return redis.call('ZRANGEBYSCORE', key, '-inf', num(now), 'LIMIT', 0, ARGV[1]) end
local intact = intactDocuments(DOCS, DORDER, DTAGS, DEXPIRING)
return { due(EXPIRING), redis.call('ZCOUNT', DEXPIRING, '-inf', num(now)), due(DUE), intact and 0 or 1, 0 }
`,
  false,
);

const registry = `
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local TENANTS, SEEN = KEYS[1], KEYS[2]
local function see(tenant) redis.call('HSET', SEEN, tenant, string.format('%d', now)) end
`;

/** ARGV: a tenant. Nothing that the caller asked for, so that a lost answer leaves it in no doubt. */
export const register: Script = defineScript(
  `${registry}
redis.call('ZADD', TENANTS, 0, ARGV[1])
see(ARGV[1])
return 1
`,
  false,
);

/**
 * Takes tenants out that nobody has registered for so long that none can still rely on it. ARGV: 1 how long, then
 * tenants that have been found empty. Answers how many went.
 */
export const forget: Script = defineScript(`${registry}
local count = 0
for index = 2, #ARGV do
  local seen = redis.call('HGET', SEEN, ARGV[index])
  if not seen then
    see(ARGV[index])
  elseif now - tonumber(seen) > tonumber(ARGV[1]) then
    redis.call('ZREM', TENANTS, ARGV[index])
    redis.call('HDEL', SEEN, ARGV[index])
    count = count + 1
  end
end
return count
`);
