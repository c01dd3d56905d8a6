-- Lets go of operations that are older than a day, a day's worth at a time.
local function rotate(h)
  if now < h.rotate then return end
  if redis.call('EXISTS', OPERATIONS) == 1 then
    redis.call('RENAME', OPERATIONS, OLDER_OPERATIONS)
    h.old = h.ops
  else
    redis.call('UNLINK', OLDER_OPERATIONS)
    h.old = 0
  end
  h.ops = 0
  h.rotate = now + dayMs
end
