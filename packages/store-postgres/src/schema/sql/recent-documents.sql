-- The newest of a tenant, by their index and by no other way. A planner without statistics expects few rows and would fetch
-- and sort all that were ever written to return the first.
create function {{schema}}.recent_documents(p_tenant text, p_since bigint, p_limit bigint)
returns table (session text, generation bigint, place bytea)
language sql stable
-- #include in-order
as $body$
  select d.session, d.generation, d.place from {{schema}}.documents as d
  where d.tenant = p_tenant and d.updated_at >= p_since and d.updated_at > 0
  order by d.updated_at desc limit p_limit
$body$;
