-- The position up to which `updated` follows the changes, and at most `limit` sessions that were written after it, each
-- with the position of its newest write; none without sessions, when all that the changes tell of has ended.
-- #include clock
-- #include listed
-- keys: updated changes sessions
-- arguments: limit
if redis.call('EXISTS', SESSIONS) == 0 then return { '0', {} } end
placeWritten(CHANGES, limit)
local from = listedUpTo()
return { from, placedAfter(CHANGES, from, limit) }
