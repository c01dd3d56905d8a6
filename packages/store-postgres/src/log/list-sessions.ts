import { type AdmittedListSessions, encodeCursor, type Page, type SessionHead } from "@relevo/core";
import type { StoreContext } from "../create-postgres-store.ts";
import { asJson } from "../schema/sql-text.ts";
import { type HeadRow, headColumns, headOf, isLive, parseText } from "./head.ts";

/** How many slots one call looks at when filters leave most of them out. */
const lookBudget = 5000;

interface ListRow extends Omit<HeadRow, "session"> {
  /** Absent in the one row of a page without sessions. */
  readonly session: string | null;
  /** Where the next page goes on when this one looked at all it may. */
  readonly edge: string | null;
}

/**
 * Heads in the order of ids. The slots are cut off by number before they are filtered, so that the work of a call is
 * bounded whatever the filters leave out. Only when they leave fewer than a page is the place of the cut looked up.
 */
export async function listSessions(
  { database }: StoreContext,
  request: AdmittedListSessions,
  signal: AbortSignal | undefined,
): Promise<Page<SessionHead>> {
  const { tenant, subject, idleSince, prefix, limit, after } = request;
  const values: unknown[] = [tenant, limit];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const place: string[] = [];
  const filters = [isLive("s")];
  let shape = "";
  if (after !== undefined) {
    shape += "a";
    place.push(`s.session > ${add(after)}`);
  }
  if (prefix !== undefined) {
    shape += "p";
    const begin = add(prefix);
    place.push(`s.session >= ${begin} and s.session ^@ ${begin}`);
    const end = prefixEnd(prefix);
    if (end !== undefined) {
      shape += "e";
      place.push(`s.session < ${add(end)}`);
    }
  }
  if (subject !== undefined) {
    shape += "s";
    const name = add(subject);
    place.push(`s.subject_key = sha256(convert_to(${name}, 'UTF8')) and s.subject = ${name}`);
  }
  if (idleSince !== undefined) {
    shape += "i";
    filters.push(`s.updated_at <= ${add(idleSince)}`);
  }
  const slots = `select s.* from scope cross join lateral (
    select s.* from ${database.schema}.sessions as s
    where s.tenant = scope.tenant${place.map((one) => ` and ${one}`).join("")} order by s.session`;
  const budget = `$2::bigint + ${lookBudget}`;
  const text = `with scope as materialized (select set_config('relevo.tenant', $1, true) as tenant),
found as materialized (
  select * from (${slots} limit ${budget}) as s) as s where ${filters.join(" and ")} limit $2::bigint + 1
)
select ${headColumns("f")}, e.edge
from (
  select case when (select count(*) from found) <= $2::bigint then (
    select ${asJson("s.session")} from (${slots} offset ${budget} - 1 limit 1) as s) as s
  ) end as edge
) as e left join found as f on true order by f.session`;
  const rows = await database.call<ListRow>(
    { name: `list_${shape}`, text, values },
    { effect: "read", ...(signal === undefined ? {} : { signal }) },
  );
  const items = rows.filter((row): row is ListRow & HeadRow => row.session !== null).map(headOf);
  const beyond = items.length > limit ? items[limit - 1]?.session : parseEdge(rows[0]?.edge);
  if (items.length > limit) items.pop();
  return beyond === undefined ? { items } : { items, cursor: encodeCursor("sessions", [beyond]) };
}

function parseEdge(edge: string | null | undefined): string | undefined {
  return edge === null || edge === undefined ? undefined : parseText(edge);
}

/** The first text after all that begin with the prefix; `undefined` when there is none. */
function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix);
  for (let point = points.pop(); point !== undefined; point = points.pop()) {
    const next = (point.codePointAt(0) ?? 0) + 1;
    // The code points of surrogates are in no text.
    const valid = next >= 0xd800 && next <= 0xdfff ? 0xe000 : next;
    if (valid <= 0x10ffff) return points.join("") + String.fromCodePoint(valid);
  }
  return undefined;
}
