-- What was removed from a log stands in the slot beside its head: `revision:from-to` by ascending revision, joined by `;`.
-- Text, because few removals are few bytes of a row that each append rewrites. At most 128 ranges; these two are a
-- translation of core's addRemoval and removedSince.
create function {{schema}}.add_removal(p_removed text, p_revision bigint, p_ranges int8multirange) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $body$
declare
  entries text[];
  spanned bigint;
begin
  entries := string_to_array(p_removed, ';') || array(
    select concat(p_revision, ':', lower(r.range), '-', upper(r.range) - 1) from unnest(p_ranges) as r (range)
    order by lower(r.range)
  );
  if cardinality(entries) > {{maxRemovedRanges}} then
    spanned := cardinality(entries) - {{maxRemovedRanges}} / 2;
    entries := (
      select array[concat(
        max(split_part(e.entry, ':', 1)::bigint), ':', min(split_part(split_part(e.entry, ':', 2), '-', 1)::bigint), '-',
        max(split_part(e.entry, '-', 2)::bigint)
      )] from unnest(entries[1:spanned]) as e (entry)
    ) || entries[spanned + 1:];
  end if;
  return array_to_string(entries, ';');
end
$body$;

create function {{schema}}.removed_since(p_removed text, p_revision bigint) returns int8multirange
language plpgsql immutable set search_path = pg_catalog, pg_temp as $body$
begin
  return (
    select coalesce(range_agg(int8range(
      split_part(split_part(e.entry, ':', 2), '-', 1)::bigint, split_part(e.entry, '-', 2)::bigint, '[]'
    )), '{}')
    from unnest(string_to_array(p_removed, ';')) as e (entry)
    where split_part(e.entry, ':', 1)::bigint > p_revision
  );
end
$body$;
