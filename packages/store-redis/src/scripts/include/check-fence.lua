if fence then
  local lease, newest = redis.call('GET', LEASE), 0
  if lease then newest = tonumber((string.match(lease, '{{leasePattern}}'))) end
  if not newest then return { problemOf(lease) } end
  if fence ~= newest then return { 'fence', newest } end
end
