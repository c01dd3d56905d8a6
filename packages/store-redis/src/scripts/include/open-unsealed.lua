-- #include open
if not h then return { 'none' } end
if h.sealed == '1' then return { 'sealed' } end
