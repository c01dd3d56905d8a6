import {
  type AdmittedNamespaces,
  compareNamespaces,
  type DriverPage,
  namespaceListStart,
  placeBehindNamespace,
} from "@relevo/core/store";
import { sql } from "kysely";
import type { Database } from "../database/database.ts";
import { parseStored } from "../log/head.ts";
import { placeOf } from "./place.ts";
import { runRead } from "./run-read.ts";
import { scopeSql } from "./scope.ts";

/** How many namespaces one call looks at beyond those it lists. */
const lookBudget = 2000;

interface NamespaceRow {
  /** As JSON. */
  readonly namespace: string;
  /** False for the one that the call stopped at because it had looked at all it may. */
  readonly listed: boolean;
}

/** Goes from one namespace to the next by its place in the order: the cost follows their number, not the documents'. */
export async function listNamespaces(
  database: Database,
  { scope, prefix, suffix, maxDepth, limit, after, signal }: AdmittedNamespaces,
): Promise<DriverPage<readonly string[], readonly string[]>> {
  const start = namespaceListStart(prefix);
  // All that begin with the same elements stand side by side, before those with a greater last one.
  const high = start === "" ? null : placeOf(`${start}\u0002`);
  const places = [start, after === undefined ? start : placeBehindNamespace(after, maxDepth)].map(placeOf);
  const begin = places.sort()[1] ?? "";
  const rows = await runRead<NamespaceRow>(
    database,
    scope.tenant,
    sql`with ${scopeSql(database.schema, scope.tenant, scope.session)}
  select array_to_json(l.r_namespace)::text as namespace, l.r_listed as listed from unit
  cross join lateral ${sql.raw(database.schema)}.list_namespaces(
    p_tenant => unit.tenant, p_session => unit.session, p_generation => unit.generation,
    p_begin => decode(${begin}::text, 'hex'), p_end => decode(${high}::text, 'hex'),
    p_prefix => ${textArray(prefix)}, p_suffix => ${textArray(suffix)},
    p_depth => ${Math.min(maxDepth, maxInteger)}::integer, p_limit => ${limit + 1}::integer,
    p_budget => ${limit + lookBudget}::integer
  ) as l`,
    { signal, named: true },
  );
  const items: (readonly string[])[] = [];
  let stopped: readonly string[] | undefined;
  for (const { namespace, listed } of rows) {
    const one = Object.freeze(parseStored(namespace) as readonly string[]);
    if (!listed) stopped = one;
    // A forged cursor may stand inside what was cut; nothing is listed that is not behind it.
    else if (after === undefined || compareNamespaces(one, after) > 0) items.push(one);
  }
  if (items.length > limit) {
    items.pop();
    stopped = items.at(-1);
  }
  return { items, next: stopped };
}

/** The greatest number that an `integer` of PostgreSQL holds. */
const maxInteger = 2 ** 31 - 1;

function textArray(elements: readonly string[]): ReturnType<typeof sql> {
  return sql`array(select json_array_elements_text(${JSON.stringify(elements)}::text::json))`;
}
