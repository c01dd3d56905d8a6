-- Who holds the lease now, and until when; 'none' for nobody.
-- access: read
-- #include lease
if released == '1' or now >= expires then return { 'none' } end
return { 'ok', fence, expires }
