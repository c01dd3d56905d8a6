-- Looks for the first part that expects another version than there is, and sets `r_status` for it. The version of a missing
-- document is `{{missing}}`.
  for part in
    select p.n, decode(p.place, 'hex') as place, p.expected
    from rows from (json_to_recordset(parts) as (place text, expected bigint)) with ordinality as p (place, expected, n)
    where p.expected is not null order by p.n
  loop
    select d.version into r_current from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = part.place
      and (d.expires_at is null or d.expires_at > now_ms);
    if not found then r_current := {{missing}}; end if;
    if r_current <> part.expected then
      r_status := 'version';
      r_index := part.n - 1;
      exit;
    end if;
  end loop;
