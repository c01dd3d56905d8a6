-- Members of an index between two times and their scores as texts, in pairs, whatever the client makes of scores.
-- keys: index
-- access: read
-- arguments: backward:boolean from to offset limit
if backward then
  return redis.call('ZREVRANGEBYSCORE', INDEX, from, to, 'WITHSCORES', 'LIMIT', offset, limit)
end
return redis.call('ZRANGEBYSCORE', INDEX, from, to, 'WITHSCORES', 'LIMIT', offset, limit)
