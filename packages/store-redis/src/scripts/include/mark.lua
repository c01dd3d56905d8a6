-- In the hash of operations the empty field says which incarnation lives, and for how long at least: a log that is gone
-- before its time is lost, not expired. Returns nil and why when what is stored is no mark.
local function readMark()
  local mark = redis.call('HGET', OPERATIONS, '')
  if not mark then return nil end
  local inc, bound, rotate, subject = string.match(mark, '^{{formatVersion}}|([^|]*)|(%d+)|(%d+)|(.*)$')
  if not inc then return nil, problemOf(mark) end
  return { inc = inc, bound = tonumber(bound), rotate = tonumber(rotate), subject = subject }
end

-- #include mark-text

-- Whether a session whose log is not there was lost, rather than deleted or expired.
local function isEvicted(mark) return mark.inc ~= '' and not hasEnded(mark.bound) end
