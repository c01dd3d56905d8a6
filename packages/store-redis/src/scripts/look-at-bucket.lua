-- What there is to do in a bucket, in one look, with at most `limit` sessions of each kind.
--
-- Answers sessions that may have expired, how many documents that stand alone have, sessions with documents that may
-- have, 1 when what points at documents is to be made again, 1 when nothing at all is left, and 1 when units have ended
-- that the change feed does not know of.
-- keys: expiring documentsDue documents documentOrder documentTags documentsExpiring sessions subjects changes ownerChanges ownerSources
-- access: read
-- arguments: limit
-- #include clock
-- #include format
-- #include document-format
local function hasEndedUntold(alive, changes)
  return redis.call('EXISTS', alive) == 0 and redis.call('ZSCORE', changes, '\0') ~= false
end
local untold = (hasEndedUntold(SESSIONS, CHANGES) or hasEndedUntold(DOCUMENTS, OWNER_CHANGES)) and 1 or 0
local left = redis.call('EXISTS', EXPIRING, DOCUMENTS_DUE, DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING,
  SESSIONS, SUBJECTS, OWNER_SOURCES)
if left == 0 then return { {}, 0, {}, 0, 1, untold } end
local function due(key) return redis.call('ZRANGEBYSCORE', key, '-inf', num(now), 'LIMIT', 0, limit) end
-- What it cannot read it leaves alone.
local entries = readEntries(DOCUMENTS)
local isKnown = entries ~= 'newer'
local isBroken = isKnown and not intactDocuments(entries, DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING)
  or redis.call('EXISTS', DOCUMENTS) == 0 and redis.call('EXISTS', OWNER_SOURCES) == 1
local expired = isKnown and redis.call('ZCOUNT', DOCUMENTS_EXPIRING, '-inf', num(now)) or 0
return { due(EXPIRING), expired, due(DOCUMENTS_DUE), isBroken and 1 or 0, 0, untold }
