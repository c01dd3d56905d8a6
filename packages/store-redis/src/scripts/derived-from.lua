-- How many documents of a bucket are derived from each of these sources: those that stand alone, and those of sessions.
-- keys: ownerSources sessionSources
-- access: read
-- list: sources
local answer = { 'ok' }
for index = 1, sourcesCount do
  local source = ARGV[sourcesFrom + index]
  for _, key in ipairs({ OWNER_SOURCES, SESSION_SOURCES }) do
    answer[#answer + 1] = redis.call('ZLEXCOUNT', key, '[' .. source .. '\0', '(' .. source .. '\1')
  end
end
return answer
