-- What was written in a bucket, for consumers of the change feed and for lists by last write: its units, those of
-- sessions and those of owners apart, since they end at different times. A write only marks its unit: it stands at
-- infinity. Who reads gives what is marked a position, see `positions`.
local weekMs = 7 * 86400000
local function markWritten(changes, unit) redis.call('ZADD', changes, '+inf', unit) end
