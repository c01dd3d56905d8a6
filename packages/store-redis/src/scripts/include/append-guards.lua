-- What is rarely named is one argument, `incarnation|expectedVersion|fence|ttl`: each costs time.
-- arguments: guards? operation? fingerprint? token cells bytes:number
local incarnation, expectedVersion, fence, setTtl
if guards then
  incarnation, expectedVersion, fence, setTtl = string.match(guards, '^([^|]*)|(%d*)|(%d*)|(%d*)$')
  expectedVersion, fence, setTtl = tonumber(expectedVersion), tonumber(fence), tonumber(setTtl)
  if incarnation ~= '' and inc ~= incarnation then return { 'ended' } end
end
