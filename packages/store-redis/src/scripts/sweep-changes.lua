-- Tells consumers of the change feed of units whose keys have all ended by themselves.
-- keys: changes ended sessions ownerChanges documents
-- #include clock
local micros = time[1] * 1000000 + time[2]
-- #include changes
local function tell(alive, changes, note)
  if redis.call('EXISTS', alive) == 1 or not redis.call('ZSCORE', changes, '\0') then return end
  redis.call('ZREM', changes, '\0')
  for _, unit in ipairs(redis.call('ZRANGE', changes, 0, -1)) do if unit ~= '' then note(unit) end end
end
tell(SESSIONS, CHANGES, function(session)
  if redis.call('ZSCORE', ENDED, session) then return end
  redis.call('ZADD', ENDED, noteChange(CHANGES, session), session)
  redis.call('PEXPIREAT', ENDED, num(now + weekMs))
end)
tell(DOCUMENTS, OWNER_CHANGES, function(owner) noteChange(OWNER_CHANGES, owner) end)
return { 'ok' }
