-- #include alone
-- #include restore(guard = "")
-- keys: ownerSources?
keepBucket()
return { 'ok', expired }
