-- Whether what an event repeats was removed after its writer read it.
create function {{schema}}.derives_from(p_derived text, p_removed int8multirange) returns boolean
language sql stable return p_derived::int8multirange && p_removed;

-- The same of several events.
create function {{schema}}.derives_from(p_derived text[], p_removed int8multirange) returns boolean
language sql stable return exists (select from unnest(p_derived) as d (ranges) where d.ranges::int8multirange && p_removed);
