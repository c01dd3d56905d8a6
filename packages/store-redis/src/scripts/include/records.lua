-- What a reader needs to know of a record without taking it apart. What has another form than a document counts as
-- live: whoever decodes it says that it is corrupt.
local function isLive(record)
  return record and not hasEnded(tonumber(string.match(record, '^%d+|%-?%d+|%-?%d+|(%d+)|') or 0))
end

-- An empty text says that there is none.
local function textOf(record) return record == '' and '?' or record end
