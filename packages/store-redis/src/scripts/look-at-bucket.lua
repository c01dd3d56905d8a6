-- What there is to do in a bucket, in one look, with at most `limit` sessions of each kind.
--
-- Answers sessions that may have expired, how many documents that stand alone have, sessions with documents that may
-- have, 1 when what points at documents is to be made again, and 1 when nothing at all is left.
-- keys: expiring documentsDue documents documentOrder documentTags documentsExpiring sessions subjects
-- access: read
-- arguments: limit
-- #include clock
-- #include format
-- #include document-format
if redis.call('EXISTS', unpack(KEYS)) == 0 then return { {}, 0, {}, 0, 1 } end
local function due(key) return redis.call('ZRANGEBYSCORE', key, '-inf', num(now), 'LIMIT', 0, limit) end
-- What it cannot read it leaves alone.
local entries = readEntries(DOCUMENTS)
local isKnown = entries ~= 'newer'
local isBroken = isKnown and not intactDocuments(entries, DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING)
local expired = isKnown and redis.call('ZCOUNT', DOCUMENTS_EXPIRING, '-inf', num(now)) or 0
return { due(EXPIRING), expired, due(DOCUMENTS_DUE), isBroken and 1 or 0, 0 }
