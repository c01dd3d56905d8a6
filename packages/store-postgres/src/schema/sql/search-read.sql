-- What reads the search index. Lists of streams are compared by `any`: a lateral look at each, as elsewhere, takes four times
-- as long, because row-level security is then checked a thousand times. These are stable: all statements of one call see one moment.

create function {{schema}}.read_search_state(p_tenant text) returns text language plpgsql stable
-- #include in-order
as $body$
#variable_conflict use_column
declare
  known {{schema}}.search_tenants;
begin
  p_tenant := set_config('relevo.tenant', p_tenant, true);
  select * into known from {{schema}}.search_tenants as t where t.tenant = p_tenant;
  return json_build_object(
    'items', coalesce(known.items, 0), 'languages', coalesce(known.languages, '{}')::json, 'mark', known.mark,
    'from', (
      select s.at_from from {{schema}}.search_streams as s
      where s.tenant = p_tenant and s.at_from is not null order by s.at_from limit 1
    ),
    'to', (
      select s.at_through from {{schema}}.search_streams as s
      where s.tenant = p_tenant and s.at_through is not null order by s.at_through desc limit 1
    )
  )::text;
end
$body$;

-- Streams in the order of their places, from `p_low` on and before `p_high`, as JSON.
create function {{schema}}.list_search_streams(p_tenant text, p_low text, p_high text, p_limit integer) returns text
language plpgsql stable
-- #include in-order
as $body$
#variable_conflict use_column
declare
  low bytea := decode(p_low, 'hex');
  high bytea := decode(p_high, 'hex');
begin
  p_tenant := set_config('relevo.tenant', p_tenant, true);
  return (
    select json_agg(json_build_array(
      encode(s.place, 'hex'), s.name::json, s.revision, s.items, s.language, s.subject, s.progress, s.stream
    ))
    from (
      select * from {{schema}}.search_streams as s
      where s.tenant = p_tenant and s.place >= low and s.place < high order by s.place limit p_limit
    ) as s
  )::text;
end
$body$;

-- For each group of words whether an item holds one of them; else the terms that may be similar to one, as JSON. A word has
-- its key, what similar terms begin with, what they begin or end with when they are one edit away, and how many units it has.
create function {{schema}}.look_up_terms(p_tenant text, p_groups text) returns text language plpgsql stable
-- #include by-index
as $body$
#variable_conflict use_column
declare
  one record;
  words json;
  found_terms text;
  result text := '';
begin
  p_tenant := set_config('relevo.tenant', p_tenant, true);
  for one in select g.words from json_array_elements(p_groups::json) as g (words) loop
    words := one.words;
    if exists (
      select from (
        select decode(w.key, 'hex') as key from json_to_recordset(words) as w (key text) offset 0
      ) as w
      cross join lateral (
        select from {{schema}}.search_terms as t where t.tenant = p_tenant and t.term = w.key offset 0
      ) as t
    ) then
      found_terms := 'null';
    else
      select coalesce(json_agg(encode(t.term, 'hex')), '[]')::text into found_terms
      from (
        select distinct t.term
        from (
          select w.units, decode(w.begins, 'hex') as begins, decode(w.head, 'hex') as head, decode(w.tail, 'hex') as tail
          from json_to_recordset(words) as w (units integer, begins text, head text, tail text)
          offset 0
        ) as w
        cross join lateral (
          (
            select coalesce(t.whole, t.term) as term from {{schema}}.search_terms as t
            where t.tenant = p_tenant and t.term >= w.begins and t.term < w.begins || '\xff'::bytea
              and t.units >= {{shortestSimilar}}
            order by t.tenant, t.term limit {{mostSimilar}}
          )
          union all
          (
            select coalesce(t.whole, t.term) from {{schema}}.search_terms as t
            where t.tenant = p_tenant and t.term >= w.head and t.term < w.head || '\xff'::bytea
              and t.units >= {{shortestSimilar}} and t.units >= w.units - 1 and t.units <= w.units + 1
          )
          union all
          (
            select coalesce(t.whole, t.term) from {{schema}}.search_terms as t
            where t.tenant = p_tenant and t.backwards >= w.tail and t.backwards < w.tail || '\xff'::bytea
              and t.units >= {{shortestSimilar}} and t.units >= w.units - 1 and t.units <= w.units + 1
          )
        ) as t
      ) as t;
    end if;
    result := result || case when result = '' then '' else ',' end || found_terms;
  end loop;
  return '[' || result || ']';
end
$body$;

-- What a reading is made of: totals and streams as JSON; the entries of postings, each as `number of the term,block,entries`;
-- chunks of facts; the details of items where a filter wants them, as JSON; and the nearest items, each as `number,vector`.
-- With `p_known`, the version of the tenant that the caller has all facts of, those that have changed since; 0 for nothing.
-- Without it, or of a tenant that is too large to be kept, the facts of the streams that the request leads to. `p_nearest`
-- is what is asked of the nearest, as JSON; `p_names` are keys of names.
create function {{schema}}.read_search(
  p_tenant text, p_terms text, p_names text, p_times text, p_detailed boolean, p_nearest text, p_known bigint,
  out r_head text, out r_postings text, out r_facts text, out r_details text, out r_nearest text
) language plpgsql stable
-- #include by-index
as $body$
#variable_conflict use_column
declare
  known {{schema}}.search_tenants;
  wanted integer[];
  near json := p_nearest::json;
  near_streams integer[];
  allowed integer[];
  named text;
  speakers text := 'null';
  live text := 'null';
  anew boolean := false;
begin
  p_tenant := set_config('relevo.tenant', p_tenant, true);
  select * into known from {{schema}}.search_tenants as t where t.tenant = p_tenant;
  if coalesce(known.items, 0) > {{keptItems}} then p_known := null; end if;
  if p_known > coalesce(known.version, 0) then
    anew := true;
    p_known := 0;
  end if;

  if near is not null then
    if near ->> 'selective' = 'true' then
      allowed := array(
        select s.stream from {{schema}}.search_streams as s
        where s.tenant = p_tenant
          and (near ->> 'ranges' is null or exists (
            select from json_to_recordset(near -> 'ranges') as r (low text, high text)
            where s.place >= decode(r.low, 'hex') and s.place < decode(r.high, 'hex')
          ))
          -- Documents that stand alone and have no owner are everybody's; the places of no others begin with a d.
          and (near ->> 'subjects' is null or s.subject is null and get_byte(s.place, 0) = ascii('d') or exists (
            select from json_array_elements_text(near -> 'subjects') as r (subject) where r.subject = s.subject
          ))
      );
    end if;
    select string_agg(n.r_item || ',' || n.r_vector, ' '), array_agg(n.r_stream) into r_nearest, near_streams
    from {{schema}}.nearest_search_items(
      p_tenant => p_tenant, p_vector => near ->> 'vector', p_limit => (near ->> 'limit')::integer,
      p_indexed => allowed is null and known.items > {{exactItems}}, p_streams => allowed,
      p_since => (near ->> 'since')::double precision, p_until => (near ->> 'until')::double precision,
      p_agents => case when near ->> 'agents' is not null then array(
        select n.name
        from (select decode(k.key, 'hex') as key from json_array_elements_text(near -> 'agents') as k (key) offset 0) as k
        cross join lateral (
          select n.name from {{schema}}.search_names as n where n.tenant = p_tenant and n.key = k.key offset 0
        ) as n
      ) end
    ) as n;
  end if;

  select string_agg((t.n - 1) || ',' || p.block || ',' || encode(p.entries, 'hex'), ' ') into r_postings
  from (
    select decode(t.term, 'hex') as term, t.n from json_array_elements_text(p_terms::json) with ordinality as t (term, n)
    offset 0
  ) as t
  cross join lateral (
    select p.block, p.entries from {{schema}}.search_postings as p where p.tenant = p_tenant and p.term = t.term offset 0
  ) as p;

  if p_known is null or p_detailed then
  wanted := array(
    select w.stream
    from (
      select decode(t.term, 'hex') as term from json_array_elements_text(p_terms::json) as t (term) offset 0
    ) as t
    cross join lateral (
      select p.streams from {{schema}}.search_postings as p where p.tenant = p_tenant and p.term = t.term offset 0
    ) as p
    cross join lateral unnest(p.streams) as w (stream)
    union
    select s.stream
    from (
      select t.begins, t.ends from json_to_recordset(p_times::json) as t (begins double precision, ends double precision)
      offset 0
    ) as t
    cross join lateral (
      select s.stream from {{schema}}.search_streams as s
      where s.tenant = p_tenant and s.about_from <= t.ends and s.about_through >= t.begins offset 0
    ) as s
    union
    select w.stream from unnest(near_streams) as w (stream)
  );
  end if;

  if p_known is null then
    select encode(string_agg(c.facts, ''::bytea), 'hex') into r_facts
    from {{schema}}.search_chunks as c where c.tenant = p_tenant and c.stream = any(wanted);
    select string_agg('[' || s.stream || ',' || s.revision || ',' || s.name || ',' || coalesce(to_json(s.subject)::text, 'null') || ']', ',')
    into named from {{schema}}.search_streams as s where s.tenant = p_tenant and s.stream = any(wanted);
  elsif p_known < known.version then
    select string_agg(
      '[' || s.stream || ',' || s.revision || ',' || s.name || ',' || coalesce(to_json(s.subject)::text, 'null') || ',['
        || coalesce(c.chunks, '') || ']]', ','
    ), encode(string_agg(c.facts, ''::bytea), 'hex') into named, r_facts
    from {{schema}}.search_streams as s
    cross join lateral (
      select string_agg(c.chunk::text, ',') as chunks,
        string_agg(c.facts, ''::bytea) filter (where c.version > p_known) as facts
      from {{schema}}.search_chunks as c where c.tenant = p_tenant and c.stream = s.stream
      offset 0
    ) as c
    where s.tenant = p_tenant and s.version > p_known;
    if p_known > 0 and p_known < known.removed_version then
      select '[' || coalesce(string_agg(s.stream::text, ','), '') || ']' into live
      from {{schema}}.search_streams as s where s.tenant = p_tenant;
    end if;
  end if;
  if p_known is null or p_known < known.speakers_version then
    select '[' || coalesce(string_agg(n.name::text, ','), '') || ']' into speakers
    from {{schema}}.search_names as n where n.tenant = p_tenant and n.said > 0;
  end if;

  r_head := '{"items":' || coalesce(known.items, 0) || ',"streams":' || coalesce(known.streams, 0)
    || ',"length":' || coalesce(known.length, 0) || ',"version":' || coalesce(known.version, 0)
    || ',"isPart":' || (p_known is null) || ',"anew":' || anew
    || ',"asked":' || coalesce((
      select json_agg(json_build_array(k.n - 1, n.name, n.said > 0))::text
      from (
        select decode(k.key, 'hex') as key, k.n from json_array_elements_text(p_names::json) with ordinality as k (key, n)
        offset 0
      ) as k
      cross join lateral (
        select n.name, n.said from {{schema}}.search_names as n where n.tenant = p_tenant and n.key = k.key offset 0
      ) as n
    ), '[]')
    || ',"speakers":' || speakers || ',"live":' || live || ',"named":[' || coalesce(named, '') || ']}';

  if p_detailed then
    select '[' || string_agg('[' || i.item || ',' || i.details || ']', ',') || ']' into r_details
    from {{schema}}.search_items as i
    where i.tenant = p_tenant and i.stream = any(wanted) and i.details is not null;
  end if;
end
$body$;
