-- Beside the log stand keys that live by it. They cannot expire at the same moment without a PEXPIREAT for each in every
-- append, so they get a quarter more than they need and are refreshed when half of that is used up. Operations stay known
-- for a day.
local dayMs = 86400000
local operationMs = dayMs + 3600000
local function besideUntil(expires, ttl)
  return expires == 0 and 0 or expires + math.max(1000, math.floor(ttl / 4))
end
