import { defineScript, type Script } from "../connection/connection.ts";
import { leaseLookup, operationLookup, unitPrelude } from "./prelude.ts";
import { rewrite } from "./rewrite.ts";

/**
 * The checks of an append in the order of the port: incarnation, operation, seal, fence, version. `h` may be nil.
 * ARGV: 1 named incarnation, 2 operation, 3 its fingerprint, 4 expected version, 5 fence.
 */
const checks = `
if ARGV[1] ~= '' and (not h or h.inc ~= ARGV[1]) then return { 'ended' } end
if ARGV[2] ~= '' then
  local known = findOperation(h, ARGV[2])
  if type(known) == 'string' then return { known } end
  if known then
    if not h or known.inc ~= h.inc then return { 'ended' } end
    if known.fingerprint ~= ARGV[3] then return { 'operation' } end
    return { 'replayed', known.first, known.version, known.inc, known.revision }
  end
end
if h and h.sealed == '1' then return { 'sealed' } end
if ARGV[5] ~= '' then
  local newest = readLease()
  if not newest then return { 'corrupt' } end
  if tonumber(ARGV[5]) ~= newest then return { 'fence', newest } end
end
local before = h and h.version or 0
if ARGV[4] ~= '' and tonumber(ARGV[4]) ~= before then return { 'version', before } end
`;

/** Writes \`count\` events of ARGV from \`offset\` on behind the newest, and the operation; the head follows. */
const write = `
local stamp = num(now)
local version = before + count
if count == 1 then
  redis.call('LSET', LOG, -1, stamp .. ARGV[offset])
elseif count > 1 then
  redis.call('LSET', LOG, -1, stamp .. ARGV[offset])
  for from = 1, count - 1, 2000 do
    local chunk = {}
    for index = from, math.min(from + 1999, count - 1) do chunk[#chunk + 1] = stamp .. ARGV[offset + index] end
    redis.call('RPUSH', LOG, unpack(chunk))
  end
end
h.version = version
h.revision = h.revision + 1
h.bytes = h.bytes + tonumber(ARGV[7])
h.updated = stamp
if count > 0 and redis.call('APPEND', COL, ARGV[6]) ~= (version - h.first + 1) * 2 then redis.call('UNLINK', COL) end
if ARGV[2] ~= '' then
  redis.call('HSET', OPS, ARGV[2], h.inc .. '|' .. ARGV[3] .. string.format('|%d|%d|%d', before + 1, version, h.revision))
  h.ops = h.ops + 1
end
`;

/**
 * The append of nearly every day, with as few keys and arguments as it can do with: each costs. Answers 'full' when
 * it takes more than that: a new session, an expiry to be set, operations to be let go of.
 *
 * ARGV: 1 to 5 as in the checks, 6 columns of the events, 7 their bytes, then the events.
 */
export const appendFast: Script = defineScript(`
if redis.replicate_commands then redis.replicate_commands() end
local LOG, OPS, OLD, COL, LEASE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local text = redis.call('LINDEX', LOG, -1)
local version, revision, bytes, expires, ops, stable = string.match(text or '', '^H|(%d+)|(%d+)|(%d+)|%-?%d+|(%d+)|(%d+)|(.*)$')
if not version then return { text and 'corrupt' or 'full' } end
local inc, first, ttl, fixed, sealed, old, rotate, aux =
  string.match(stable, '^([^|]*)|(%d+)|%-?%d+|(%d+)|([01])|([01])|(%d+)|(%d+)|[%d.]+|(%d+)|')
if not inc then return { 'corrupt' } end
expires = tonumber(expires)
if expires ~= 0 and now >= expires then return { 'full' } end
local h = { inc = inc, ops = tonumber(ops), old = tonumber(old), sealed = sealed, version = tonumber(version) }
${operationLookup}${leaseLookup}${checks}
if expires ~= 0 and fixed == '0' then expires = now + ttl end
-- The columns of an empty log are made anew, and need an expiry of their own.
local begins = expires ~= 0 and tonumber(version) < tonumber(first)
if begins or now >= tonumber(rotate) or (expires ~= 0 and aux - expires < ttl / 8) then return { 'full' } end
local count = #ARGV - 7
local stamp = string.format('%d', now)
version, revision = before + count, revision + 1
if count > 0 then redis.call('LSET', LOG, -1, stamp .. ARGV[8]) end
if ARGV[2] ~= '' then
  redis.call('HSET', OPS, ARGV[2], string.format('%s|%s|%d|%d|%d', inc, ARGV[3], before + 1, version, revision))
  ops = ops + 1
end
local head = string.format('H|%d|%d|%d|%s|%d|%d|', version, revision, bytes + ARGV[7], stamp, expires, ops) .. stable
if count == 1 then
  redis.call('RPUSH', LOG, head)
elseif count == 0 then
  redis.call('LSET', LOG, -1, head)
else
  for from = 9, #ARGV, 2000 do
    local chunk = {}
    for index = from, math.min(from + 1999, #ARGV) do chunk[#chunk + 1] = stamp .. ARGV[index] end
    redis.call('RPUSH', LOG, unpack(chunk))
  end
  redis.call('RPUSH', LOG, head)
end
if count > 0 and redis.call('APPEND', COL, ARGV[6]) ~= (version - first + 1) * 2 then redis.call('UNLINK', COL) end
if expires ~= 0 and fixed == '0' then redis.call('PEXPIREAT', LOG, string.format('%d', expires)) end
return { 'ok', before + 1, version, inc, revision }
`);

/**
 * Any append, with all keys of the session. Beyond `appendFast`:
 * ARGV: 8 session, 9 incarnation for a new one, 10 ttl ('' unchanged, '0' for ever), 11 ttl of a new one, 12 whether a
 * new one's is fixed, 13 subject, 14 the head's rest, 15 retractions and 16 derivations as `seq offset=from-to,…;`,
 * 17 the removal revision that the writer saw, '' when nothing is derived, 18 all derivations, ascending and apart.
 */
export const appendFull: Script = defineScript(`${unitPrelude}${operationLookup}${leaseLookup}${rewrite}
local offset = 19
local session = ARGV[8]
requireRoom(DORDER)
local h, lost, mark = openHead(session)
if lost then return { lost } end
${checks}
if ARGV[17] ~= '' then
  local seen, current = tonumber(ARGV[17]), h and h.removal or 0
  -- A revision that is still to come was read from another state than this one.
  if seen > current or (seen < current and wasRemovedSince(seen, ARGV[18])) then return { 'removal', current } end
end
for ranges in string.gmatch(ARGV[15], '=([^;]*);') do
  for to in string.gmatch(ranges, '%-(%d+)') do
    if tonumber(to) > before then return { 'retraction', before, tonumber(to) } end
  end
end
local subject = subjectOf(mark)
if not h then
  subject = ARGV[13]
  h = createHead(session, ARGV[9], tonumber(ARGV[11]), ARGV[12], subject, ARGV[14], mark)
end
if ARGV[10] ~= '' then
  h.ttl = tonumber(ARGV[10])
  h.expires = h.ttl > 0 and now + h.ttl or 0
end
refresh(h)
rotate(h)
local count = #ARGV - offset + 1
${write}
if count > 0 then redis.call('RPUSH', LOG, headText(h)) end
for index, ranges in string.gmatch(ARGV[16], '(%d+)=([^;]*);') do
  redis.call('HSET', DERIVED, num(before + tonumber(index)), ranges)
end
local retracted = {}
for index, ranges in string.gmatch(ARGV[15], '(%d+)=([^;]*);') do
  retract(h, before + tonumber(index), ranges, retracted)
end
noteRemoval(h, spansOf(retracted))
saveHead(session, h, subject)
return { 'ok', before + 1, version, h.inc, h.revision }
`);
