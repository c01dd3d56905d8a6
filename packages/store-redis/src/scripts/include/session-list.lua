-- What lists the sessions of a bucket. After `clock`, `lifetimes`, `changes` and `positions`.
-- keys: sessions subjects expiring documentsDue updated created sessionSources changes ended

-- After the first session of a bucket was put into the list.
local function beginList()
  redis.call('ZADD', CHANGES, 0, '\0')
  -- What the bucket had before its first session has ended: no list needs to look at that.
  redis.call('ZADD', UPDATED, 'NX', newestOf(CHANGES), '\0')
end

-- The list has to stay so long for a session.
local function registryUntil(aux) return aux + 1000 end

-- What lists the sessions of a bucket goes by itself when the last of them can have gone, unless one lives for ever. When
-- it has to stay longer, it stays a quarter more than that, so that the next sessions find it long enough.
local function keepRegistry(h)
  local left = redis.call('PTTL', SESSIONS)
  local all = { SESSIONS, SUBJECTS, EXPIRING, DOCUMENTS_DUE, UPDATED, CREATED, SESSION_SOURCES }
  if h.expires == 0 then
    if left > 0 or redis.call('ZCARD', SESSIONS) == 1 then
      redis.call('PERSIST', CHANGES)
      redis.call('PERSIST', ENDED)
    end
    if left > 0 then for _, key in ipairs(all) do redis.call('PERSIST', key) end end
  elseif left > 0 or redis.call('ZCARD', SESSIONS) == 1 then
    local untilMs = registryUntil(h.aux)
    untilMs = now + left < untilMs and untilMs + math.floor(h.ttl / 4) or now + left
    for _, key in ipairs(all) do redis.call('PEXPIREAT', key, num(untilMs)) end
    redis.call('PEXPIREAT', CHANGES, num(untilMs + weekMs + dayMs))
    redis.call('PEXPIREAT', ENDED, num(untilMs + weekMs + dayMs))
  end
end
