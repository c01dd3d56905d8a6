-- How many documents are derived from each of these sources, by each of the keys: those of a bucket, or of several where
-- a script may use keys of several slots.
-- keys: ownerSources sessionSources
-- access: read
-- list: sources
local answer = { 'ok' }
for _, key in ipairs(KEYS) do
  for index = 1, sourcesCount do
    local source = ARGV[sourcesFrom + index]
    answer[#answer + 1] = redis.call('ZLEXCOUNT', key, '[' .. source .. '\0', '(' .. source .. '\1')
  end
end
return answer
