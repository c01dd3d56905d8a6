-- #include unit
-- #include open-unsealed
-- arguments: ttl:number? subject? metadata? token
local expiresBefore = h.expires
if ttl then
  h.ttl = ttl
  h.expires = ttl > 0 and now + ttl or 0
end
refresh(h)
h.updated = num(now)
local owner = subjectOf(mark)
if subject then
  changeSubject(session, owner, subject)
  owner = subject
end
if subject or metadata then h.rest = owner .. '|' .. (metadata or string.match(h.rest, '^[^|]*|(.*)$')) end
if subject or metadata or h.expires ~= expiresBefore then revise(h, token) end
saveHead(session, h, owner)
return { 'ok', headText(h), tokenBefore }
