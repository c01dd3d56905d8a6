-- Of all sessions, or of those of a subject, which are sorted.
    for slot in
      select s.* from {{source}} as s
      where s.tenant = p_tenant and s.updated_at > -9007199254740992 and s.updated_at <= coalesce(p_idle, s.updated_at)
        and (s.updated_at, s.session) {{beyond}} (p_after_at, p_after)
      order by s.updated_at {{order}}, s.session {{order}} limit p_limit + {{lookBudget}}
    loop
-- #include list-slot
    end loop;
