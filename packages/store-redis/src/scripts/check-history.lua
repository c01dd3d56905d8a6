-- Whether a session can be read: 'ok', 'none', or what is lost.
-- access: read
-- #include open-for-read
return { 'ok' }
