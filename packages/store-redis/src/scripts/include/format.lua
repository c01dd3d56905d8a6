-- What is stored names the format that it has: heads, marks, leases, and the documents of a unit.
-- constant: formatVersion = 1
-- #define leasePattern = ^{{formatVersion}}|(%d+)|(%d+)|([01])$

-- Why a text is not one of this format.
local function problemOf(text)
  local version = tonumber(string.match(text, '^H?(%d+)|'))
  return version and version > formatVersion and 'newer' or 'corrupt'
end
