import { asJson, byIndex, nowMs, pinnedPath, quoteBody } from "./sql-text.ts";

/**
 * How many events one call looks at beyond those it returns, when filters leave most of them out. Past it the call
 * returns what it has, and where to go on.
 */
export const lookBudget = 5000;
/** A call returns less than was asked for rather than more than this many bytes of events. */
export const pageBytes: number = 32 * 1024 * 1024;

/** An event as an entry of a page: `[seq, recorded at, mark, content]`, with `null` for no mark. */
export function entry(row: string, mark: string): string {
  return `'[' || ${row}.seq || ',' || ${row}.recorded_at || ',' || coalesce((${mark})::text, 'null') || ',' || ${row}.content || ']'`;
}

/** A page as one text, because parsing it once is cheapest: `[version, revision, removal revision, next, incarnation, [entry, …]]`. */
export function answer(slot: string, next: string, entries: string): string {
  return `'[' || ${slot}.version || ',' || ${slot}.revision || ',' || ${slot}.removal_revision || ','
    || coalesce((${next})::text, 'null') || ','
    || ${asJson(`${slot}.incarnation`)} || ',[' || coalesce(${entries}, '') || ']]'`;
}

type Order = "asc" | "desc";

const mark = "case when p_at is null or e.retracted_by <= p_at then e.retracted_by end";

/** The events in one direction, and one more than are wanted, which says that there is another page. */
function eventsIn(order: Order): string {
  return `(
      select e.seq, e.recorded_at, e.retracted_by, e.content, e.bytes from SCHEMA.events as e
      where e.tenant = p_tenant and e.session = p_session and e.generation = slot.generation
        and e.seq between low and high
        and (not p_exclude or e.retracted_by is null or e.retracted_by > p_at)
        and (p_types is null or e.type = any(p_types))
        and (p_agent is null or e.agent = p_agent)
      order by e.seq ${order} limit p_limit + 1
    ) as e`;
}

/**
 * One page: with the one event more, which the caller takes off, where the whole session is small; else without, cut by
 * bytes too, for which windows cost half as much again.
 */
function page(order: Order): string {
  return `if slot.bytes <= ${pageBytes} then
      select string_agg(${entry("e", mark)}, ',') into entries from ${eventsIn(order)};
    else
      select string_agg(${entry("r", "r.mark")}, ',') filter (where r.kept),
        ${order === "desc" ? "min" : "max"}(r.seq) filter (where r.kept), not bool_and(r.kept)
        into entries, reached, cut
      from (
        select e.seq, e.recorded_at, e.content, ${mark} as mark,
          row_number() over page <= p_limit
            and (row_number() over page = 1 or sum(e.bytes) over page <= ${pageBytes}) as kept
        from ${eventsIn(order)} window page as (order by e.seq ${order})
      ) as r;
    end if;`;
}

/**
 * The reading of nearly every day: the newest events, or the next ones behind a place. A function, because planning
 * the same text under row-level security takes several times as long as running it, and the server plans anew each
 * time that it believes to know better; here the plan is made once for each connection. One value, because a row of
 * several would go through a table of the executor.
 *
 * Null without a session. The next place is that behind the events looked at; behind those given when one was left out.
 */
export function readFunction(schema: string): string {
  const body = `
#variable_conflict use_column
declare
  slot record;
  low bigint;
  high bigint;
  first bigint;
  last bigint;
  next bigint;
  reached bigint;
  cut boolean;
  entries text;
begin
  p_tenant := set_config('relevo.tenant', p_tenant, true);
  select s.incarnation, s.expires_at, s.generation, s.version, s.revision, s.removal_revision, s.first_seq, s.bytes
  into slot
  from SCHEMA.sessions as s where s.tenant = p_tenant and s.session = p_session;
  if slot.incarnation is null or slot.expires_at <= ${nowMs} then return null; end if;
  first := greatest(p_after + 1, slot.first_seq);
  last := least(p_before - 1, p_at, slot.version);
  if p_backward then
    low := case when p_bounded then greatest(first, last - (p_limit + ${lookBudget}) + 1) else first end;
    high := last;
    ${page("desc")}
    next := case when cut then reached when low > first then low end;
  else
    low := first;
    high := case when p_bounded then least(last, first + (p_limit + ${lookBudget}) - 1) else last end;
    ${page("asc")}
    next := case when cut then reached when high < last then high end;
  end if;
  return ${answer("slot", "next", "entries")};
end`;
  return `create function ${schema}.read_page(
  p_tenant text, p_session text, p_after bigint, p_before bigint, p_limit bigint, p_backward boolean, p_at bigint,
  p_exclude boolean, p_types text[], p_agent text, p_bounded boolean
) returns text language plpgsql stable ${pinnedPath} set plan_cache_mode = force_generic_plan ${byIndex}
as ${quoteBody(body.replaceAll("SCHEMA", () => schema))}`;
}
