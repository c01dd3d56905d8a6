-- #include alone
-- #include erase-documents
-- keys: ownerSources?
keepBucket()
return answer
