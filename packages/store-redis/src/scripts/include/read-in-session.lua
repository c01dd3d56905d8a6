-- keys: log operations documents
-- access: read
-- #include open-for-read
if redis.call('HLEN', DOCUMENTS) ~= h.docs then return { 'incomplete' } end
local sessionExpires, inc = h.expires, h.inc
