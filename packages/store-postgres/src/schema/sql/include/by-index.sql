-- Settings of a function that finds each row by an index. A plan is kept until the table is analyzed again: one that was
-- made while a table was empty, or from statistics of that time, would read all of it for each call, however long it has
-- become. Without jit for the reason in in-order.sql.
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
