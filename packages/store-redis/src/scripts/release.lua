-- #include lease
-- arguments: token:number
if token == fence and released == '0' then save(now, '1') end
return { 'ok' }
