-- What lists the namespaces of one unit.

-- Core's namespaceSortPrefix in UTF-8. No element holds NUL.
create function {{schema}}.namespace_place(p_namespace text[]) returns bytea
language sql immutable strict parallel safe return (
  select decode(string_agg(encode(convert_to(e.element, 'UTF8'), 'hex'), '0001' order by e.n) || '00', 'hex')
  from unnest(p_namespace) with ordinality as e (element, n)
);

-- By element; * stands for any one.
create function {{schema}}.namespace_matches(p_namespace text[], p_prefix text[], p_suffix text[]) returns boolean
language sql immutable strict parallel safe
return cardinality(p_namespace) >= greatest(cardinality(p_prefix), cardinality(p_suffix))
  and not exists (
    select from unnest(p_prefix) with ordinality as e (element, n)
    where e.element <> '*' and e.element <> p_namespace[e.n]
  )
  and not exists (
    select from unnest(p_suffix) with ordinality as e (element, n)
    where e.element <> '*' and e.element <> p_namespace[cardinality(p_namespace) - cardinality(p_suffix) + e.n]
  );

create function {{schema}}.list_namespaces(
  p_tenant text, p_session text, p_generation bigint, p_begin bytea, p_end bytea,
  p_prefix text[], p_suffix text[], p_depth integer, p_limit integer, p_budget integer
) returns table (r_namespace text[], r_listed boolean)
language plpgsql set search_path = pg_catalog, pg_temp as $body$
declare
  at bytea := p_begin;
  last text[];
  cut text[];
  looked integer := 0;
  listed integer := 0;
begin
  loop
    select d.namespace into r_namespace from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = p_generation
      and d.place >= at and (p_end is null or d.place < p_end) and (d.expires_at is null or d.expires_at > {{nowMs}})
    order by d.place limit 1;
    if not found then return; end if;
    cut := r_namespace[:p_depth];
    -- Only where another begins, because a cursor stands behind all that is cut to it.
    if looked >= p_budget and cut <> last then
      r_namespace := last;
      r_listed := false;
      return next;
      return;
    end if;
    looked := looked + 1;
    last := cut;
    if {{schema}}.namespace_matches(p_namespace => r_namespace, p_prefix => p_prefix, p_suffix => p_suffix) then
      at := {{schema}}.namespace_place(cut) || case when cardinality(cut) >= p_depth then '\x02'::bytea else '\x01' end;
      r_namespace := cut;
      r_listed := true;
      return next;
      listed := listed + 1;
      if listed = p_limit then return; end if;
    else
      at := {{schema}}.namespace_place(r_namespace) || '\x01'::bytea;
    end if;
  end loop;
end
$body$;
