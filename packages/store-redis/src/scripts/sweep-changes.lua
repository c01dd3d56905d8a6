-- Tells consumers of the change feed of units whose keys have all ended by themselves.
-- keys: changes ended sessions ownerChanges documents
-- #include clock
-- #include changes
-- #include positions
local function tell(alive, changes, isTold)
  local units = {}
  if redis.call('EXISTS', alive) == 1 or redis.call('ZREM', changes, '\0') == 0 then return 0, units end
  for _, unit in ipairs(redis.call('ZRANGE', changes, 0, -1)) do
    if unit ~= '' and string.byte(unit) ~= 0 and not isTold(unit) then units[#units + 1] = unit end
  end
  return place(changes, units), units
end
local first, sessions = tell(SESSIONS, CHANGES, function(session) return redis.call('ZSCORE', ENDED, session) end)
for index, session in ipairs(sessions) do redis.call('ZADD', ENDED, num(first + index - 1), session) end
redis.call('PEXPIREAT', ENDED, num(now + weekMs))
tell(DOCUMENTS, OWNER_CHANGES, function() return false end)
return { 'ok' }
