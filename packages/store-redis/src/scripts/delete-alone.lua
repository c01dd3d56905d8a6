-- #include alone
-- #include do-deletes
keepBucket()
return { 'ok', count }
