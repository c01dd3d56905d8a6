-- Answers the token and its end, or 'held' with those of the holder and how long it still has. A takeover asks nobody.
-- #include lease
-- arguments: ttl:number takeOver:boolean
if not takeOver and released == '0' and now < expires then return { 'held', fence, expires, expires - now } end
fence = math.max(fence + 1, micros)
expires = now + ttl
save(expires, '0')
return { 'ok', fence, expires }
