-- Settings of a function that returns a piece of a long list: only by an index in the order that is asked for. A planner
-- that expects few rows, or knows of a budget of thousands, would fetch and sort all of a tenant to return the first.
-- Without jit, because a sort of a few values, which nothing can replace, then seems expensive enough to be compiled, and
-- is compiled for each call: one call of upkeep took longer than 30 seconds.
set search_path = pg_catalog, pg_temp
set enable_sort = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
