-- An event as an entry of a page: `[seq, recorded at, mark, content]`, with `null` for no mark.
create function {{schema}}.event_entry(p_seq bigint, p_recorded_at bigint, p_mark bigint, p_content text) returns text
language sql stable parallel safe
return '[' || p_seq || ',' || p_recorded_at || ',' || coalesce(p_mark::text, 'null') || ',' || p_content || ']';

-- A page as one text, because parsing it once is cheapest:
-- `[version, revision, removal revision, token, next, incarnation, [entry, …]` and a bracket, which the caller writes.
-- Texts that a caller of the store chose are JSON strings.
create function {{schema}}.page_text(
  p_version bigint, p_revision bigint, p_removal_revision bigint, p_token text, p_next bigint, p_incarnation text,
  p_entries text
) returns text language sql stable parallel safe
return '[' || p_version || ',' || p_revision || ',' || p_removal_revision || ',"' || p_token || '",'
  || coalesce(p_next::text, 'null') || ',' || to_json(p_incarnation)::text || ',[' || coalesce(p_entries, '') || ']';
