-- Answers the token and its end, or 'held' with those of the holder and how long it still has.
-- #include lease
-- arguments: ttl:number
if released == '0' and now < expires then return { 'held', fence, expires, expires - now } end
fence = math.max(fence + 1, micros)
expires = now + ttl
save(expires, '0')
return { 'ok', fence, expires }
