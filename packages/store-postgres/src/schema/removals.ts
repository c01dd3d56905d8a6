import { maxRemovedRanges } from "@relevo/core/store";
import { pinnedPath, quoteBody } from "./sql-text.ts";

/**
 * What was removed from a log, in the slot beside its head: `revision:from-to` by ascending revision, joined by `;`.
 * Text, because few removals are few bytes of a row that each append rewrites. At most 128 ranges, see core's
 * `addRemoval`, of which these are a translation.
 */
export function removalFunctions(schema: string): readonly string[] {
  const add = `
declare
  entries text[];
  spanned bigint;
begin
  entries := string_to_array(p_removed, ';') || array(
    select concat(p_revision, ':', lower(r.range), '-', upper(r.range) - 1) from unnest(p_ranges) as r (range)
    order by lower(r.range)
  );
  if cardinality(entries) > ${maxRemovedRanges} then
    spanned := cardinality(entries) - ${maxRemovedRanges / 2};
    entries := (
      select array[concat(
        max(split_part(e.entry, ':', 1)::bigint), ':', min(split_part(split_part(e.entry, ':', 2), '-', 1)::bigint), '-',
        max(split_part(e.entry, '-', 2)::bigint)
      )] from unnest(entries[1:spanned]) as e (entry)
    ) || entries[spanned + 1:];
  end if;
  return array_to_string(entries, ';');
end`;
  const since = `
begin
  return (
    select coalesce(range_agg(int8range(
      split_part(split_part(e.entry, ':', 2), '-', 1)::bigint, split_part(e.entry, '-', 2)::bigint, '[]'
    )), '{}')
    from unnest(string_to_array(p_removed, ';')) as e (entry)
    where split_part(e.entry, ':', 1)::bigint > p_revision
  );
end`;
  return [
    `create function ${schema}.add_removal(p_removed text, p_revision bigint, p_ranges int8multirange) returns text
language plpgsql immutable ${pinnedPath} as ${quoteBody(add)}`,
    // What was removed after a revision.
    `create function ${schema}.removed_since(p_removed text, p_revision bigint) returns int8multirange
language plpgsql immutable ${pinnedPath} as ${quoteBody(since)}`,
  ];
}
