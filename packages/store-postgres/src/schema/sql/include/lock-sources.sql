-- A delete of a source waits until this is visible, or this until the delete is: one of the two finds the other.
    for part in
      select distinct n.session, decode(n.place, 'hex') as place
      from json_to_recordset(p_bodies::json) as w (sources json)
      cross join lateral json_to_recordset(w.sources) as n (session text, place text)
      where n.place is not null order by 1, 2
    loop
      perform from {{schema}}.documents as d
      where d.tenant = p_tenant and d.session = part.session and d.place = part.place and d.generation = case
        when part.session = '' then 0
        else (select s.generation from {{schema}}.sessions as s where s.tenant = p_tenant and s.session = part.session)
      end for key share;
    end loop;
