-- #include registry
-- arguments: tenant
redis.call('ZADD', TENANTS, 0, tenant)
see(tenant)
return 1
