-- What the search index has of vectors. Made where the extension vector is; {{vector}} is the schema that it is in.

create table {{schema}}.search_vectors (
  tenant text collate "C" not null,
  stream integer not null,
  item integer not null,
  -- Of length 1.
  vector {{vector}}.vector not null,
  primary key (tenant, stream, item),
  -- A vector goes with its item, whatever removes that.
  foreign key (tenant, stream, item) references {{schema}}.search_items on delete cascade
);

alter table {{schema}}.search_vectors alter column vector set statistics 0;
alter table {{schema}}.search_vectors alter column vector set storage main;

-- How many dimensions the vectors of a tenant have; null without vectors.
create function {{schema}}.search_dimensions(p_tenant text) returns integer language plpgsql stable
-- #include by-index
as $body$
begin
  return (select {{vector}}.vector_dims(v.vector) from {{schema}}.search_vectors as v where v.tenant = p_tenant limit 1);
end
$body$;

create function {{schema}}.write_search_vectors(p_tenant text, p_stream integer, p_vectors text) returns void
language plpgsql
-- #include by-index
as $body$
begin
  insert into {{schema}}.search_vectors (tenant, stream, item, vector)
  select p_tenant, p_stream, n.item, n.vector::{{vector}}.vector
  from json_to_recordset(p_vectors::json) as n (item integer, vector text);
end
$body$;

-- The items nearest to a vector, in an order that is right but for rounding. All that the filter leaves are looked at; with
-- `p_indexed` those that an index names, where there is one for these dimensions, until there are enough of the tenant.
create function {{schema}}.nearest_search_items(
  p_tenant text, p_vector text, p_limit integer, p_indexed boolean, p_streams integer[], p_since double precision,
  p_until double precision, p_agents integer[]
) returns table (r_stream integer, r_item integer, r_vector text) language plpgsql stable
-- #include by-index
set enable_sort = on
set hnsw.ef_search = 1000
set hnsw.iterative_scan = 'relaxed_order'
set hnsw.max_scan_tuples = 200000
as $body$
declare
  asked {{vector}}.vector := p_vector::{{vector}}.vector;
  dimensions integer := {{vector}}.vector_dims(asked);
  ordered text := 'v.vector';
  conditions text := '';
begin
  -- The expression and the condition of the index; an order by the column itself does not use it. The planner of a table that
  -- nobody has counted would rather sort all of a tenant. It lasts until this function ends, as that has the setting too.
  if p_indexed and to_regclass({{schemaText}} || '.search_vectors_' || dimensions) is not null then
    ordered := '(v.vector::' || {{vectorText}} || '.vector(' || dimensions || '))';
    conditions := ' and ' || {{vectorText}} || '.vector_dims(v.vector) = ' || dimensions;
    perform set_config('enable_sort', 'off', true);
  end if;
  if p_since is not null or p_until is not null or p_agents is not null then
    conditions := conditions || ' and exists (
      select from ' || {{schemaText}} || '.search_items as i
      where i.tenant = v.tenant and i.stream = v.stream and i.item = v.item and ($5 is null or i.at >= $5)
        and ($6 is null or i.at <= $6) and ($7 is null or i.agent = any($7)) offset 0
    )';
  end if;
  return query execute
    'select v.stream, v.item, encode(' || {{vectorText}} || '.vector_send(v.vector), ''hex'')
    from ' || {{schemaText}} || '.search_vectors as v
    where v.tenant = $1 and ($4 is null or v.stream = any($4))' || conditions || '
    order by ' || ordered || ' operator(' || {{vectorText}} || '.<=>) $2 limit $3'
  using p_tenant, asked, p_limit, p_streams, p_since, p_until, p_agents;
end
$body$;
