-- The position up to which `updated` follows the changes, and at most `limit` sessions that were written after it, each
-- with the position of its newest write; none without sessions, when all that the changes tell of has ended.
-- #include listed
-- keys: updated changes sessions
-- access: read
-- arguments: limit
if redis.call('EXISTS', SESSIONS) == 0 then return { '0', {} } end
local from = listedUpTo()
return { from, redis.call('ZRANGEBYSCORE', CHANGES, '(' .. from, '+inf', 'WITHSCORES', 'LIMIT', 0, limit) }
