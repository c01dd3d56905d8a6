-- What ran out without another holder may still be renewed.
-- #include lease
-- arguments: token:number ttl:number
if token ~= fence or released == '1' then return { 'lease' } end
expires = now + ttl
save(expires, '0')
return { 'ok', fence, expires }
