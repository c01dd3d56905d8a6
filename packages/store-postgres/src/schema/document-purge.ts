import { nowMs, pinnedPath, quoteBody } from "./sql-text.ts";

const expire = `
declare
  chosen record;
  -- A value: compared with the clock itself, which may change from row to row, no index helps.
  now_ms bigint := ${nowMs};
  removed bigint := 0;
begin
  -- What another is about to change is left to the next time, so that upkeep never waits and is in no circle.
  for chosen in
    with due as materialized (
      select d.session, d.generation, d.place from SCHEMA.documents as d
      where d.tenant = p_tenant and d.expires_at <= now_ms
      order by d.expires_at limit p_limit for update skip locked
    )
    select u.session, u.generation, array_agg(u.place) as places from due as u
    group by u.session, u.generation order by u.session, u.generation
  loop
    perform SCHEMA.remove_documents(p_tenant, chosen.session, chosen.generation, chosen.places, 0);
    removed := removed + cardinality(chosen.places);
  end loop;
  return removed;
end`;

const purge = `
declare places bytea[];
begin
  places := array(
    select d.place from SCHEMA.documents as d
    where d.tenant = p_tenant and d.session = p_session and d.generation = p_generation
    order by d.place limit p_limit for update
  );
  perform SCHEMA.remove_documents(p_tenant, p_session, p_generation, places, 0);
  return cardinality(places);
end`;

/** What removes documents that nobody sees any more. Both expect the tenant to be set, and say how many they removed. */
export function documentPurgeFunctions(schema: string): readonly string[] {
  const define = (head: string, body: string): string =>
    `create function ${schema}.${head} returns bigint language plpgsql ${pinnedPath} as ${quoteBody(
      body.replaceAll("SCHEMA", () => schema),
    )}`;
  return [
    // At most so many of a tenant whose own time is over, of sessions and standing alone.
    define("expire_documents(p_tenant text, p_limit bigint)", expire),
    // At most so many of a session's incarnation that has ended.
    define("purge_documents(p_tenant text, p_session text, p_generation bigint, p_limit bigint)", purge),
  ];
}
