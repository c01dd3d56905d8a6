-- Of all sessions, or of those of a subject. No more conditions than one bound: with two, a planner without statistics would
-- take the primary key for more selective than the index of a subject.
    for slot in
      select s.* from {{schema}}.sessions as s
      where s.tenant = p_tenant and {{within}}{{subject}}
      order by s.session {{order}} limit p_limit + {{lookBudget}}
    loop
      if {{end}} then return; end if;
-- #include list-slot
    end loop;
