-- What writes of a session's documents begin with.
-- #include in-session
-- #include open
-- #include operation-in-session
if h and h.sealed == '1' then return { 'sealed' } end
-- arguments: fence:number?
-- #include check-fence
