-- Takes tenants out that nobody has registered for so long that none can still rely on it. They have been found empty.
-- Answers how many went.
-- #include registry
-- arguments: hold:number
-- list: empty
local count = 0
for index = 1, emptyCount do
  local tenant = ARGV[emptyFrom + index]
  local seen = redis.call('HGET', TENANTS_SEEN, tenant)
  if not seen then
    see(tenant)
  elseif now - tonumber(seen) > hold then
    redis.call('ZREM', TENANTS, tenant)
    redis.call('HDEL', TENANTS_SEEN, tenant)
    count = count + 1
  end
end
return count
