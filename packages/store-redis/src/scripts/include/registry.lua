-- keys: tenants tenantsSeen
-- #include clock
local function see(tenant) redis.call('HSET', TENANTS_SEEN, tenant, num(now)) end
