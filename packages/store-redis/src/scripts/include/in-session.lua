-- Documents of a session. They also count in its head, and are looked after with it.
-- #include unit
local SOURCES = SESSION_SOURCES
local isMarked = false
local function markChanged()
  if not isMarked then markWritten(CHANGES, session) end
  isMarked = true
end
-- #include documents

-- Whether an operation was recorded, which counts in the head.
local isRecorded = false

local function keepSession(h, newSubject)
  local isCounted = added ~= 0 or entries ~= 0 or isRaised
  saveEntries()
  if isCounted then h.docs = redis.call('HLEN', DOCUMENTS) end
  if newSubject then
    saveHead(session, h, newSubject)
  else
    if isCounted or isRecorded then redis.call('LSET', LOG, -1, headText(h)) end
    if h.aux > 0 and hasGrown then
      for _, key in ipairs({ DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING }) do
        redis.call('PEXPIREAT', key, num(h.aux))
      end
    end
  end
  if not isDueChanged and not isSourced then return end
  local left = redis.call('PTTL', SESSIONS)
  local function keep(key)
    if left > 0 then redis.call('PEXPIRE', key, num(left)) else redis.call('PERSIST', key) end
  end
  if isDueChanged then
    local due = redis.call('ZRANGE', DOCUMENTS_EXPIRING, 0, 0, 'WITHSCORES')
    if due[2] then redis.call('ZADD', DOCUMENTS_DUE, due[2], session) else redis.call('ZREM', DOCUMENTS_DUE, session) end
    keep(DOCUMENTS_DUE)
  end
  if isSourced then keep(SOURCES) end
end
