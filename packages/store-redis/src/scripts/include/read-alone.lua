-- What documents that stand alone are read with, in place of the state of a session.
-- keys: documents
-- access: read
-- #include clock
-- #include format
-- #include document-format
if readEntries(DOCUMENTS) == 'newer' then return { 'newer' } end
local sessionExpires, inc = 0, ''
