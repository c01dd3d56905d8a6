export const tenant = "big";
export const long = { tenant, session: "long" };
export const longest = 50_000;
export const newest = 1_700_000_000_000;

/**
 * In each of two tenants 10,000 sessions of two or three events, and 5,000 that ended within the last day; in one of
 * them also a session of 50,000 events.
 */
export const load = `
  insert into relevo.tenants values ('${tenant}'), ('other');
  create temporary table made as
  select '${tenant}' as tenant, 'long' as session, 1::bigint as generation, ${longest} as version, 'owner' as subject
  union all
  select t.tenant, 's-' || lpad(i::text, 5, '0'), ${newest} + i, 2 + i % 2,
    case when i % 2500 = 0 then 'rare' when i % 2 = 0 then 'common' else 'user-' || i % 100 end
  from (values ('${tenant}'), ('other')) as t (tenant) cross join generate_series(1, 10000) as i;
  insert into relevo.sessions (tenant, session, incarnation, generation, version, revision, events, bytes, subject,
    subject_key, created_at, updated_at, ttl_ms, expires_at, expiry_due)
  select tenant, session, gen_random_uuid()::text, generation, version, version, version, version * 100, subject,
    sha256(convert_to(subject, 'UTF8')), ${newest}, ${newest}, 1e12, 4e12, 4e12
  from made;
  insert into relevo.events (tenant, session, generation, seq, type, agent, role, at, recorded_at, pinned, retracted_by,
    bytes, derived_from, content)
  select m.tenant, m.session, m.generation, seq, e.type, e.agent, case e.type when 'message' then 'user' end, null,
    ${newest} - (m.version - seq) * 1000, seq % 1000 = 1, case when e.type = 'message' and seq % 100 = 2 then seq + 1 end,
    100, case e.type when 'summary' then int8multirange(int8range(seq - 900, seq)) end,
    '{"type":"' || e.type || '","agent":"' || e.agent || '","body":' || case e.type
      when 'message' then '{"role":"user","content":"' || repeat('x', 40) || '"}'
      when 'execution' then '{"executionId":"e","status":"completed"}' else '1' end || '}'
  from made as m cross join lateral generate_series(1, m.version) as seq
  cross join lateral (
    select case when seq % 10 = 0 then 'x-tool' when seq % 10 = 5 then 'execution' when seq % 1000 = 999 then 'summary'
      else 'message' end as type,
      case when seq % 5000 = 0 then 'rare' when seq % 2 = 0 then 'planner' else 'writer' end as agent
  ) as e;
  insert into relevo.operations (tenant, session, key, id, generation, fingerprint, first_seq, version, revision)
  select m.tenant, m.session, sha256(convert_to('o' || seq, 'UTF8')), 'o' || seq, m.generation, 'f', seq, seq, seq
  from made as m cross join lateral generate_series(1, m.version) as seq where seq % 5 = 1;
  create temporary table gone as
  select t.tenant, 'z-' || lpad(i::text, 5, '0') as session, now.ms, (now.ms - 2 * 86400000) * 1000 + i as began
  from (values ('${tenant}'), ('other')) as t (tenant) cross join generate_series(1, 5000) as i
  cross join (select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms) as now;
  insert into relevo.sessions (tenant, session, generation, document_version)
  select tenant, session, (ms - 3600000) * 1000, began from gone;
  insert into relevo.endings (tenant, session, generation, incarnation, ended_at, purged)
  select tenant, session, began, gen_random_uuid()::text, ms - 3600000, true from gone;
  insert into relevo.operations (tenant, session, key, id, generation, fingerprint, first_seq, version, revision)
  select tenant, session, sha256('o'), 'o', began, 'f', 1, 1, 1 from gone;
  insert into relevo.documents
  select t.tenant, '', 0, relevo.namespace_place(array['n']) || '\\x00'::bytea || convert_to('k' || i, 'UTF8'), array['n'],
    'k' || i, i, array['t'], i, i, 4e12, '1', '{}', null, ''
  from (values ('${tenant}'), ('other')) as t (tenant) cross join generate_series(1, 5000) as i;
  insert into relevo.document_tags select d.tenant, '', 0, 't', d.place from relevo.documents as d;
  update relevo.sessions set updated_at = 5 where session in ('s-00001', 's-09999');
  drop table made, gone;`;
