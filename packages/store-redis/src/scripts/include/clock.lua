-- The server's clock. Redis 5 has no flags for scripts; replicate_commands lets one write after it has read the clock.
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Numbers are doubles: exact to 2^53, but `..` and tostring() round them to 14 digits, so all go through `%d`.
local function num(n) return string.format('%d', n) end

-- Whether a time of expiry has come; 0 is for ever.
local function hasEnded(expires) return expires ~= 0 and now >= expires end
