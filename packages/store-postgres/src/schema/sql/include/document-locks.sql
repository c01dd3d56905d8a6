-- Locks what is there, in the order of places, so that two batches over the same documents never wait for each other in a
-- circle, and reads the clock behind the locks. What is found here stays as it is until the end. What is not may be made
-- by another writer at any time, and is left alone from here on: waiting for it now, with locks held, would be out of order.
  known := '{}';
  for part in select o.place from unnest(places) as o (place) order by o.place loop
    select d.tags, d.sources into old_tags, old_sources from {{schema}}.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = gen and d.place = part.place for update;
    if found then known := known || part.place; end if;
  end loop;
  now_us := {{nowUs}};
  now_ms := now_us / 1000;
