-- Documents of a session. They also count in its head, and are looked after with it.
-- #include unit
local SOURCES = SESSION_SOURCES
-- #include documents

local function keepSession(session, h, newSubject)
  saveEntries()
  h.docs = redis.call('HLEN', DOCUMENTS)
  if newSubject then
    saveHead(session, h, newSubject)
  else
    redis.call('LSET', LOG, -1, headText(h))
    noteChange(CHANGES, session)
    if h.aux > 0 then
      for _, key in ipairs({ DOCUMENTS, DOCUMENT_ORDER, DOCUMENT_TAGS, DOCUMENTS_EXPIRING }) do
        redis.call('PEXPIREAT', key, num(h.aux))
      end
    end
  end
  local due = redis.call('ZRANGE', DOCUMENTS_EXPIRING, 0, 0, 'WITHSCORES')
  if due[2] then redis.call('ZADD', DOCUMENTS_DUE, due[2], session) else redis.call('ZREM', DOCUMENTS_DUE, session) end
  local left = redis.call('PTTL', SESSIONS)
  if left > 0 then redis.call('PEXPIRE', DOCUMENTS_DUE, num(left)) else redis.call('PERSIST', DOCUMENTS_DUE) end
  if isSourced then
    if left > 0 then redis.call('PEXPIRE', SOURCES, num(left)) else redis.call('PERSIST', SOURCES) end
  end
end
