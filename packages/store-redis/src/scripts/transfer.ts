import { defineScript, type Script } from "../connection/connection.ts";
import { elements } from "./elements.ts";
import { prelude, unitPrelude } from "./prelude.ts";
import { rewrite } from "./rewrite.ts";

/**
 * A part of the log as it is, as much of it as may be read at once. ARGV: 1 first seq, 2 how many, 3 the state of the
 * session whose operations the caller knows, '-' to be given none, 4 how many bytes, beyond the first event. Answers the head, the first seq, the events, and
 * the state with all operations of both generations, the mark and those of ended incarnations among them, and what
 * was removed. KEYS: log, both generations of operations, derived events.
 */
export const exportPart: Script = defineScript(
  `${prelude}${elements}
local text = redis.call('LINDEX', LOG, -1)
local h = text and parseHead(text) or nil
if text and not h then return { 'corrupt' } end
local mark = redis.call('HGET', OPS, '')
local inc, bound = string.match(mark or '', '^([^|]*)|(%d+)|')
if not h or (h.expires ~= 0 and now >= h.expires) then
  if not text and inc and inc ~= '' and (bound == '0' or now < tonumber(bound)) then return { 'evicted' } end
  return { 'none' }
end
local state, operations = h.inc .. '|' .. num(h.revision), {}
if ARGV[3] ~= '-' then
  if inc ~= h.inc or redis.call('HLEN', OPS) ~= h.ops or (h.old > 0 and redis.call('HLEN', OLD) ~= h.old) then
    return { 'incomplete' }
  end
  if ARGV[3] ~= state then operations = { redis.call('HGETALL', OLD), redis.call('HGETALL', OPS) } end
end
local first = math.max(tonumber(ARGV[1]), h.first)
local last = math.min(first + tonumber(ARGV[2]) - 1, h.version)
local events, bytes = {}, 0
local most = math.min(tonumber(ARGV[4]), mostBytes)
eachElement(h, first, last, 1, function(element)
  bytes = bytes + #element
  if bytes > most and #events > 0 then return true end
  events[#events + 1] = element
end)
return { 'ok', text, first, events, state, operations, redis.call('HGET', KEYS[4], '') or '' }
`,
  false,
);

/**
 * Takes a part of a copy, when the session still is as the caller saw it. ARGV: 1 session, 2 the head that was seen
 * or '', 3 incarnation, 4 first seq of a new copy, 5 created, 6 updated, 7 ttl, 8 subject, 9 the head's rest, 10 the
 * source's revision, 11 bytes, 12 columns, 13 ranges to erase, 14 derivations as \`seq=from-to,…;\`, 15 how many
 * operations, 16 the source's removal revision, 17 what was removed from it, 18 retractions as the derivations, then ids
 * and rows of the operations, then the events.
 */
export const importPart: Script = defineScript(`${unitPrelude}${rewrite}
local session = ARGV[1]
requireRoom(DORDER)
local h, lost, mark = openHead(session)
if lost == 'incomplete' or lost == 'corrupt' then return { lost } end
if lost == 'evicted' and mark.inc ~= ARGV[3] then return { lost } end
if (h and headText(h) or '') ~= ARGV[2] then return { 'changed' } end
local operations = tonumber(ARGV[15])
local offset = 19 + operations * 2
local count = #ARGV - offset + 1
local adds = count > 0 or operations > 0
local changed = {}
local created = not h
local subject = subjectOf(mark)
if not h then
  subject = ''
  h = createHead(session, ARGV[3], tonumber(ARGV[7]), '0', '', ARGV[9], mark)
  h.first = tonumber(ARGV[4])
  h.version = h.first - 1
  h.sealed = '1'
  h.revision = tonumber(ARGV[10])
end
for index = 0, count - 1 do
  local element = ARGV[offset + index]
  if index == 0 then redis.call('LSET', LOG, -1, element) else redis.call('RPUSH', LOG, element) end
end
h.version = h.version + count
h.bytes = h.bytes + tonumber(ARGV[11])
if count > 0 then
  if redis.call('APPEND', COL, ARGV[12]) ~= (h.version - h.first + 1) * 2 then redis.call('UNLINK', COL) end
  redis.call('RPUSH', LOG, headText(h))
end
for place = 19, offset - 2, 2 do
  -- One that this id had in an ended incarnation is replaced, and was counted.
  if redis.call('HSET', OPS, ARGV[place], ARGV[place + 1]) == 1 then h.ops = h.ops + 1 end
end
for seq, ranges in string.gmatch(ARGV[14], '(%d+)=([^;]*);') do redis.call('HSET', DERIVED, seq, ranges) end
local retracted = {}
for seq, ranges in string.gmatch(ARGV[18], '(%d+)=([^;]*);') do
  -- What comes with the batch is marked already.
  if not created then retract(h, tonumber(seq), ranges, retracted) end
end
if ARGV[13] ~= '' then
  local _, blanked = blankEvents(h, pairsOf(h, ARGV[13]))
  changed = blanked
end
if not created and (adds or #changed > 0) then h.revision = math.max(h.revision + 1, tonumber(ARGV[10])) end
if adds or created then
  adoptRemoved(ARGV[17])
  h.removal = math.max(h.removal, tonumber(ARGV[16]))
end
-- Under the copy's own revision: its removal revision may be beyond the one that the source had for a retraction.
noteRemoval(h, spansOf(retracted))
noteRemoval(h, changed)
if adds or created then
  h.created, h.updated, h.ttl, h.rest = ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[9]
  if ARGV[8] ~= subject then
    if subject ~= '' then redis.call('ZREM', SUBJECTS, subject .. '\\0' .. session) end
    subject = ARGV[8]
    if subject ~= '' then redis.call('ZADD', SUBJECTS, 0, subject .. '\\0' .. session) end
  end
  h.expires = h.ttl > 0 and now + h.ttl or 0
end
if adds or created or #changed > 0 then saveHead(session, h, subject) end
return { 'ok', headText(h) }
`);
