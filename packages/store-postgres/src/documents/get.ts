import type { Document, DocumentAddress } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import type { Database } from "../database/database.ts";
import { exactNumber } from "../database/exact-number.ts";
import { asText, nowMs } from "../schema/sql-text.ts";
import { placeOf } from "./place.ts";
import { type DocumentRow, documentColumns, documentOf } from "./rows.ts";

/**
 * The documents that are there, in the order asked, from one statement and so from one moment. What rows are compared
 * with is made before: row-level security keeps a function of another table's column, such as `decode`, away from the
 * index, and a scan of the whole table for each address took its place.
 */
export async function getDocuments(
  database: Database,
  addresses: readonly DocumentAddress[],
  signal: AbortSignal | undefined,
): Promise<readonly (Document | undefined)[]> {
  const [first] = addresses;
  if (first === undefined) return [];
  const { schema } = database;
  const asked = addresses.map(({ session = "", namespace, key }) => ({
    session,
    place: placeOf(documentSortKey(namespace, key)),
  }));
  const rows = await database.call<DocumentRow & { readonly n: string }>(
    {
      name: "get_documents",
      text: `select ${asText("a.n")} as n, ${documentColumns("d", "s")}
from (select set_config('relevo.tenant', $1, true) as tenant, ${nowMs} as now offset 0) as scope
cross join (
  select a.session, decode(a.place, 'hex') as place, a.n from rows from (
    json_to_recordset($2::text::json) as (session text, place text)
  ) with ordinality as a (session, place, n)
  offset 0
) as a
left join lateral (
  select s.generation, s.incarnation, s.expires_at from ${schema}.sessions as s
  where a.session <> '' and s.tenant = scope.tenant and s.session = a.session and s.incarnation is not null
    and (s.expires_at is null or s.expires_at > scope.now)
  offset 0
) as s on true
cross join lateral (
  select d.* from ${schema}.documents as d
  where d.tenant = scope.tenant and d.session = a.session and d.place = a.place
    and d.generation = case when a.session = '' then 0 else s.generation end
    and (d.expires_at is null or d.expires_at > scope.now)
  offset 0
) as d`,
      values: [first.tenant, JSON.stringify(asked)],
    },
    { effect: "read", signal },
  );
  const found: (Document | undefined)[] = addresses.map(() => undefined);
  for (const row of rows) {
    const index = exactNumber(row.n) - 1;
    found[index] = documentOf(addresses[index] as DocumentAddress, row);
  }
  return found;
}

/** As `getDocuments`, for one. */
export async function getDocument(
  database: Database,
  { tenant, session, namespace, key }: DocumentAddress,
  signal: AbortSignal | undefined,
): Promise<Document | undefined> {
  const { schema } = database;
  const place = placeOf(documentSortKey(namespace, key));
  const document = `select d.* from ${schema}.documents as d
  where d.tenant = scope.tenant and d.place = decode($2, 'hex') and (d.expires_at is null or d.expires_at > scope.now)`;
  const scope = `(select set_config('relevo.tenant', $1, true) as tenant, ${nowMs} as now offset 0) as scope`;
  const statement =
    session === undefined
      ? {
          name: "get_document",
          text: `select ${documentColumns("d")}, null as incarnation from ${scope}
cross join lateral (${document} and d.session = '' and d.generation = 0 offset 0) as d`,
          values: [tenant, place],
        }
      : {
          name: "get_session_document",
          text: `select ${documentColumns("d", "s")} from ${scope}
cross join lateral (
  select s.* from ${schema}.sessions as s
  where s.tenant = scope.tenant and s.session = $3 and s.incarnation is not null
    and (s.expires_at is null or s.expires_at > scope.now)
  offset 0
) as s
cross join lateral (${document} and d.session = $3 and d.generation = s.generation offset 0) as d`,
          values: [tenant, place, session],
        };
  const [row] = await database.call<DocumentRow>(statement, {
    effect: "read",
    signal,
  });
  return row && documentOf({ namespace, key }, row);
}
