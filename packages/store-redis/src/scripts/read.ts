import { defineScript, type Script } from "../connection/connection.ts";
import { elements } from "./elements.ts";
import { prelude } from "./prelude.ts";

/**
 * Events that a filter may want, found in the columns and taken from the list in one step. It may give some too many
 * (agents that share a letter, custom types), never one too few; the caller looks at each again.
 *
 * ARGV: 1 after, 2 before, 3 limit, 4 '1' for backward, 5 kinds such as '02' or '', 6 the agent's letter or '',
 * 7 '1' or '0' for pinned or not, or '', 8 'x' without retracted ones, 'o' only those, 'i' either, 9 last seq or '',
 * 10 how many cells at most.
 *
 * Answers the head, where to go on (0 for nowhere), the seqs, and the events, as many of them as may be read at once.
 */
export const readFiltered: Script = defineScript(
  `${prelude}${elements}
local text = redis.call('LINDEX', LOG, -1)
local h = text and parseHead(text) or nil
if text and not h then return { 'corrupt' } end
if not h or (h.expires ~= 0 and now >= h.expires) then return { text and 'expired' or 'none' } end
local backward = ARGV[4] == '1'
local limit, cells = tonumber(ARGV[3]), tonumber(ARGV[10])
local low = math.max(tonumber(ARGV[1]) + 1, h.first)
local high = math.min(tonumber(ARGV[2]) - 1, h.version)
if ARGV[9] ~= '' then high = math.min(high, tonumber(ARGV[9])) end
if low > high then return { 'ok', text, 0, {}, {} } end

-- Which flags are wanted, as a table by byte.
local wanted = {}
for code = 0, 47 do
  local kind, pinned = code % 6, math.floor(code / 6) % 2
  local retracted = math.floor(code / 12) % 2
  local fits = ARGV[5] == '' or string.find(ARGV[5], tostring(kind), 1, true) ~= nil
  if ARGV[7] ~= '' and tonumber(ARGV[7]) ~= pinned then fits = false end
  if ARGV[8] == 'x' and retracted == 1 then fits = false end
  if ARGV[8] == 'o' and retracted == 0 then fits = false end
  wanted[65 + code] = fits
end
local letter = ARGV[6] ~= '' and string.byte(ARGV[6]) or nil
local indexed = redis.call('STRLEN', COL) == (h.version - h.first + 1) * 2
-- Without columns everything is given, a little at a time.
if not indexed then cells = math.min(cells, 2000) end

local seqs, stop, seq = {}, 0, backward and high or low
local step = backward and -1 or 1
local examined = 0
while seq >= low and seq <= high do
  if examined >= cells then stop = seq - step break end
  local count = math.min(2048, cells - examined, backward and seq - low + 1 or high - seq + 1)
  local from = backward and seq - count + 1 or seq
  local chunk = indexed and redis.call('GETRANGE', COL, (from - h.first) * 2, (from - h.first + count) * 2 - 1) or nil
  for index = 1, count do
    local place = seq - from
    if not chunk or (wanted[string.byte(chunk, place * 2 + 1)] and (not letter or string.byte(chunk, place * 2 + 2) == letter)) then
      if #seqs == limit then
        stop = seqs[limit]
        break
      end
      seqs[#seqs + 1] = seq
    end
    seq = seq + step
  end
  examined = examined + count
  if stop ~= 0 then break end
end

-- Runs of neighbours come together. What is too much for one answer is left for the next.
local events, bytes, index = {}, 0, 1
while index <= #seqs and bytes < mostBytes do
  local last = index
  while seqs[last + 1] == seqs[last] + step do last = last + 1 end
  eachElement(h, seqs[index], seqs[last], step, function(element)
    events[#events + 1] = element
    bytes = bytes + #element
    return bytes >= mostBytes
  end)
  index = last + 1
end
if #events < #seqs then stop = seqs[#events] end
return { 'ok', text, stop, seqs, events }
`,
  false,
);
