-- #include alone
-- #include operation-alone(first = "deletesAt(1)")
-- #include do-deletes
-- keys: ownerSources?
recordOperation('deleted,' .. num(count))
keepBucket()
return { 'ok', count }
