-- Removes documents that still have these versions. Answers 0 for each that has another, 1 for all that are gone.
-- list: erasures(key version:number)
local answer = { 'ok' }
for index = 1, erasuresCount do
  local key, version = erasuresAt(index)
  local live, any = findDocument(key)
  local isOther = live and live.version ~= version
  if any and not isOther then removeDocument(key, any) end
  answer[#answer + 1] = isOther and 0 or 1
end
