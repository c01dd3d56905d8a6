-- `updated` follows `changes`: NUL stands in it by the position up to which its entries are what their heads say. An index
-- that was lost is made again from the first change on, and so it is when the changes are others than those it followed.
-- #include positions
local function listedUpTo()
  local listed = redis.call('ZSCORE', UPDATED, '\0')
  if not listed or tonumber(listed) > tonumber(newestOf(CHANGES)) then return '0' end
  return listed
end
