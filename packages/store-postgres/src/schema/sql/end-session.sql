-- Ends the incarnation at once, whatever it holds; its rows are removed afterwards, in batches.
create function {{schema}}.end_session(
-- #include session-parameters
  p_expected bigint, p_idle_since bigint, p_token text default null, p_fence bigint default null,
  out r_status text, out r_current bigint, out r_previous text, out r_generation bigint
) language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
declare
  slot {{schema}}.sessions;
  now_ms bigint;
begin
-- #include session-guard
  r_status := 'missing';
  if slot.incarnation is null or slot.updated_at > p_idle_since then return; end if;
-- #include fence
  if p_expected is not null and p_expected <> slot.version then
    r_status := 'version';
    r_current := slot.version;
    return;
  end if;
  if p_token is not null and p_token is distinct from slot.token then
    r_status := 'token';
    return;
  end if;
  perform {{schema}}.close_incarnation(p_tenant => p_tenant, p_session => p_session, p_now_ms => now_ms);
  r_generation := slot.generation;
  r_status := 'done';
end
$body$;

-- Removes at most so many events, and then documents, of an ended incarnation; its operations stay known for a day.
create function {{schema}}.purge_generation(p_tenant text, p_session text, p_generation bigint, p_limit bigint)
returns bigint language plpgsql
-- #include by-index
as $body$
#variable_conflict use_column
declare
  removed bigint;
  last bigint;
begin
  select max(c.seq) into last from (
    select e.seq from {{schema}}.events as e
    where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation order by e.seq limit p_limit
  ) as c;
  delete from {{schema}}.events as e
  where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation and e.seq <= last;
  get diagnostics removed = row_count;
  if removed < p_limit then
    removed := removed + {{schema}}.purge_documents(
      p_tenant => p_tenant, p_session => p_session, p_generation => p_generation, p_limit => p_limit - removed
    );
  end if;
  if removed < p_limit then
    update {{schema}}.endings as e set purged = true
    where e.tenant = p_tenant and e.session = p_session and e.generation = p_generation;
  end if;
  return removed;
end
$body$;
