-- What stands below a page that was read already, when the session still is as it was then.
-- keys: log operations landmarks derived
-- access: read
-- arguments: from:number seenToken
-- #include open-for-read
-- #include elements
-- #include landmarks
-- #include spans
-- #include below
if h.token ~= seenToken then return { 'changed' } end
return { 'ok', readBelow(from) }
