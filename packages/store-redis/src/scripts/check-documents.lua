-- Whether the documents of a session can be read: 'ok', 'none', or what is lost.
-- #include read-whole-session
return { 'ok' }
