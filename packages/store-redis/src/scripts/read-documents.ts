import { defineScript, type Script } from "../connection/connection.ts";
import { prelude } from "./prelude.ts";

/** What documents that stand alone are read with, in place of the state of a session. */
const alone = `
local DOCS = KEYS[1]
local sessionExpires, inc = 0, ''
`;

/** KEYS: log, operations, documents; all four of these where indexes are read. */
const openForRead = `
local text = redis.call('LINDEX', KEYS[1], -1)
local h = text and parseHead(text) or nil
if text and not h then return { 'corrupt' } end
if not h or (h.expires ~= 0 and now >= h.expires) then
  local mark = redis.call('HGET', KEYS[2], '')
  local inc, bound = string.match(mark or '', '^([^|]*)|(%d+)|')
  if not text and inc and inc ~= '' and (bound == '0' or now < tonumber(bound)) then return { 'evicted' } end
  return { 'none' }
end
if redis.call('HLEN', KEYS[3]) ~= h.docs then return { 'incomplete' } end
if h.docs > 0 and KEYS[4] and not intactDocuments(KEYS[3], KEYS[4], KEYS[5], KEYS[6]) then return { 'incomplete' } end
`;

const inSession = `${openForRead}
local DOCS = KEYS[3]
local sessionExpires, inc = h.expires, h.inc
`;

const live = `
-- What has another form than a document is let through: whoever reads it says that it is corrupt.
local function isLive(record)
  local expires = record and (string.match(record, '^%d+|%d+|%d+|(%d+)|') or '0')
  return expires and (expires == '0' or tonumber(expires) > now)
end

-- An empty text says that there is none.
local function textOf(record) return record == '' and '?' or record end
`;

/** All of them, at this moment; in steps, since Lua passes some thousands of arguments at most. ARGV: sort keys. */
const getAll = `${live}
local answer = { 'ok', sessionExpires, inc }
for from = 1, #ARGV, 1000 do
  local records = redis.call('HMGET', DOCS, unpack(ARGV, from, math.min(from + 999, #ARGV)))
  for index = 1, math.min(1000, #ARGV - from + 1) do
    answer[#answer + 1] = isLive(records[index]) and textOf(records[index]) or ''
  end
end
return answer
`;

/** Documents that stand alone, by sort key; an empty text for each that is not there. KEYS: documents. */
export const getAlone: Script = defineScript(`${prelude}${alone}${getAll}`, false);

/** The same of a session. KEYS: log, operations, documents. */
export const getInSession: Script = defineScript(`${prelude}${inSession}${getAll}`, false);

/**
 * As many of them, from the first on, as have so many bytes together; at least one. An empty text also for what was
 * not written since. ARGV: 1 bytes, 2 since when, then sort keys.
 */
const getSome = `${live}
local most, since, bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
local answer = { 'ok', sessionExpires, inc }
for index = 3, #ARGV do
  if bytes >= most then break end
  local record = redis.call('HGET', DOCS, ARGV[index])
  if isLive(record) and tonumber(string.match(record, '^%d+|%d+|(%d+)|') or since) >= since then
    bytes = bytes + #record
    answer[#answer + 1] = textOf(record)
  else
    answer[#answer + 1] = ''
  end
end
return answer
`;

export const getSomeAlone: Script = defineScript(`${prelude}${alone}${getSome}`, false);
export const getSomeInSession: Script = defineScript(`${prelude}${inSession}${getSome}`, false);

/** Whether a session can be read: 'ok', 'none', or what is lost. */
export const openSession: Script = defineScript(`${prelude}${openForRead}return { 'ok' }\n`, false);

/**
 * Namespaces that hold a live document, in order, from a place on. ARGV: 1 place, 2 how many, 3 depth to cut to.
 * Answers with where to go on, or an empty text. KEYS: hash, order.
 */
export const namespacesFrom: Script = defineScript(
  `${prelude}
local from, limit, depth = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local answer, looked = { '' }, 0
while true do
  local keys = redis.call('ZRANGEBYLEX', KEYS[2], from == '' and '-' or '[' .. from, '+', 'LIMIT', 0, 1)
  local key = keys[1]
  if not key then return answer end
  if #answer > limit or looked > 2000 then
    answer[1] = from
    return answer
  end
  looked = looked + 1
  local record = redis.call('HGET', KEYS[1], key)
  local expires = record and tonumber(string.match(record, '^%d+|%d+|%d+|(%d+)|') or 0)
  if expires and (expires == 0 or expires > now) then
    local namespace = string.sub(key, 1, string.find(key, '\\0\\0', 1, true) - 1)
    local cut, place = 0, 1
    while cut < depth do
      local at = string.find(namespace, '\\0\\1', place, true)
      cut = cut + 1
      if not at then break end
      if cut == depth then
        namespace = string.sub(namespace, 1, at - 1)
        break
      end
      place = at + 2
    end
    answer[#answer + 1] = namespace
    from = namespace .. '\\0' .. (cut == depth and '\\2' or '\\1')
  else
    from = key .. '\\0'
  end
end
`,
  false,
);
