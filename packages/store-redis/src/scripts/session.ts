import { defineScript, type Script } from "../connection/connection.ts";
import { elements } from "./elements.ts";
import { operationLookup, unitPrelude } from "./prelude.ts";
import { rewrite } from "./rewrite.ts";

/** What most of these begin with. ARGV: 1 session, 2 named incarnation. */
const open = `
local session = ARGV[1]
local h, lost, mark = openHead(session)
if lost then return { lost } end
if ARGV[2] ~= '' and (not h or h.inc ~= ARGV[2]) then return { 'ended' } end
`;
const openUnsealed = `${open}
if not h then return { 'none' } end
if h.sealed == '1' then return { 'sealed' } end
`;

/** ARGV: 3 ttl ('' unchanged, '0' for ever), 4 '1' to set the subject, 5 it, 6 '1' to set the metadata, 7 it. */
export const touch: Script = defineScript(`${unitPrelude}${openUnsealed}
local expiresBefore = h.expires
if ARGV[3] ~= '' then
  h.ttl = tonumber(ARGV[3])
  h.expires = h.ttl > 0 and now + h.ttl or 0
end
refresh(h)
h.updated = num(now)
local subject = subjectOf(mark)
if ARGV[4] == '1' and ARGV[5] ~= subject then
  if subject ~= '' then redis.call('ZREM', SUBJECTS, subject .. '\\0' .. session) end
  subject = ARGV[5]
  redis.call('ZADD', SUBJECTS, 0, subject .. '\\0' .. session)
end
if ARGV[4] == '1' or ARGV[6] == '1' then
  local metadata = ARGV[6] == '1' and ARGV[7] or string.match(h.rest, '^[^|]*|(.*)$')
  h.rest = subject .. '|' .. metadata
end
if ARGV[4] == '1' or ARGV[6] == '1' or h.expires ~= expiresBefore then h.revision = h.revision + 1 end
saveHead(session, h, subject)
return { 'ok', headText(h), subject }
`);

/** ARGV: 3 first seq to keep or '', 4 time or '', 5 how many at most. Ends earlier when it has read enough. */
export const trim: Script = defineScript(`${unitPrelude}${elements}${rewrite}${openUnsealed}
local bound = ARGV[3] ~= '' and tonumber(ARGV[3]) or math.huge
local older = ARGV[4] ~= '' and tonumber(ARGV[4]) or math.huge
local limit = tonumber(ARGV[5])
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
  if redis.call('STRLEN', COL) == size * 2 then
    local rest = redis.call('GETRANGE', COL, removed * 2, -1)
    redis.call('UNLINK', COL)
    if rest ~= '' then redis.call('APPEND', COL, rest) end
  else
    redis.call('UNLINK', COL)
  end
  h.first = h.first + removed
  h.bytes = h.bytes - bytes
  h.revision = h.revision + 1
  for _, derived in ipairs(derivedEvents()) do
    if derived[1] < h.first then redis.call('HDEL', DERIVED, num(derived[1])) end
  end
  noteRemoval(h, { { h.first - removed, h.first - 1 } })
  saveHead(session, h, subjectOf(mark))
end
return { 'ok', removed, h.first, more and 1 or 0, h.removal }
`);

/** ARGV: 3 ranges as `from-to,…`. */
export const erase: Script = defineScript(`${unitPrelude}${rewrite}${open}
if not h then return { 'none' } end
local erased, changed = blankEvents(h, pairsOf(h, ARGV[3]))
if #changed > 0 then
  h.revision = h.revision + 1
  noteRemoval(h, changed)
  saveHead(session, h, subjectOf(mark))
end
return { 'ok', h.revision, erased, h.removal }
`);

/** ARGV: 3 expected version or ''. Works on what is left of a session, too: that is how a loss is acknowledged. */
export const remove: Script = defineScript(`${unitPrelude}
local session = ARGV[1]
local h, lost, mark = openHead(session)
if not h and not lost then return { 'none' } end
local inc = h and h.inc or mark and mark.inc or ''
if ARGV[2] ~= '' and ARGV[2] ~= inc then return { 'none' } end
if h and ARGV[3] ~= '' and tonumber(ARGV[3]) ~= h.version then return { 'version', h.version } end
endSession(session, subjectOf(mark))
return { 'ok' }
`);

/** ARGV: 3 '1' to seal and '0' to unseal, 4 expected version or ''. */
export const seal: Script = defineScript(`${unitPrelude}${open}
if not h then return { 'none' } end
if ARGV[4] ~= '' and tonumber(ARGV[4]) ~= h.version then return { 'version', h.version } end
if h.sealed ~= ARGV[3] then
  h.sealed = ARGV[3]
  h.revision = h.revision + 1
  saveHead(session, h, subjectOf(mark))
end
return { 'ok', headText(h), subjectOf(mark) }
`);

/** The upkeep of one session that may have expired. Answers 1 when it did. */
export const sweep: Script = defineScript(`${unitPrelude}
local session = ARGV[1]
local text = redis.call('LINDEX', LOG, -1)
local h = text and parseHead(text) or nil
if text and not h then return 0 end
if h and h.expires > now then
  redis.call('ZADD', EXPIRING, num(h.expires), session)
  return 0
end
if h and h.expires == 0 then
  redis.call('ZREM', EXPIRING, session)
  return 0
end
local mark = readMark()
if not text and mark and mark.inc ~= '' and (mark.bound == 0 or now < mark.bound) then
  -- Lost, until it is deleted or could have expired anyway.
  if mark.bound == 0 then redis.call('ZREM', EXPIRING, session)
  else redis.call('ZADD', EXPIRING, num(mark.bound), session) end
  return 0
end
local lived = h ~= nil or (mark ~= nil and mark.inc ~= '')
endSession(session, subjectOf(mark))
return lived and 1 or 0
`);

/** The state of a session and an operation of it. ARGV: 1 session, 2 operation. */
export const operation: Script = defineScript(
  `${unitPrelude}${operationLookup}
local text = redis.call('LINDEX', LOG, -1)
local h = text and parseHead(text) or nil
if text and not h then return { 'corrupt' } end
if not h or (h.expires ~= 0 and now >= h.expires) then
  local mark = readMark()
  if not text and mark and mark.inc ~= '' and (mark.bound == 0 or now < mark.bound) then return { 'evicted' } end
  return { 'none' }
end
local known = findOperation(h, ARGV[2])
if type(known) == 'string' then return { known } end
if not known or known.inc ~= h.inc then return { 'none' } end
return { 'ok', known.fingerprint, known.first, known.version, known.inc, known.revision }
`,
  false,
);
