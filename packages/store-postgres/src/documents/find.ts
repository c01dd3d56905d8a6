import type { Document } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import {
  type AdmittedCount,
  type AdmittedFind,
  type DocumentPosition,
  type DriverPage,
  findBounds,
} from "@relevo/core/store";
import type { Database } from "../database/database.ts";
import { exactNumber } from "../database/exact-number.ts";
import { countQuery, type Driver, type FindRow, findQuery, tagCountsQuery } from "./find-query.ts";
import { addressAt, type PlaceRange, placeOf } from "./place.ts";
import { documentOf } from "./rows.ts";
import { runRead } from "./run-read.ts";

/** One page of what is asked for, through the index that leaves the least to look at. */
export async function findDocuments(
  database: Database,
  request: AdmittedFind,
): Promise<DriverPage<Document, DocumentPosition>> {
  const { signal } = request;
  const range = rangeOf(request);
  if (range === undefined) return { items: [] };
  const run = (driver: Driver): Promise<readonly FindRow[]> =>
    runRead<FindRow>(
      database,
      request.scope.tenant,
      findQuery(database.schema, request, range, driver),
      // The text of a filter has no end of forms, and each prepared statement would stay with its connection.
      { signal, named: request.where === undefined },
    );
  if (request.updatedSince !== Number.MIN_SAFE_INTEGER) {
    const rows = await run({ kind: "time" });
    if (rows[0]?.incomplete !== true) return pageOf(request, rows);
  }
  return pageOf(request, await run(await chooseDriver(database, request, range)));
}

export async function countDocuments(database: Database, request: AdmittedCount): Promise<number> {
  const { scope, signal } = request;
  const { low, high } = findBounds(request);
  const range = { low: placeOf(low), high: high === undefined ? undefined : placeOf(high) };
  const [row] = await runRead<{ readonly of: string }>(
    database,
    scope.tenant,
    countQuery(database.schema, scope, range),
    { signal, named: true },
  );
  return exactNumber(row?.of ?? "0");
}

async function chooseDriver(database: Database, request: AdmittedFind, range: PlaceRange): Promise<Driver> {
  const { allTags, anyTags } = request;
  const choices = [...allTags.map((tag) => [tag]), ...(anyTags.length === 0 ? [] : [anyTags])];
  const [first] = choices;
  if (first === undefined) return { kind: "place" };
  if (choices.length === 1) return { kind: "tags", tags: first };
  const rows = await runRead<{ readonly of: string }>(
    database,
    request.scope.tenant,
    tagCountsQuery(database.schema, request, range, choices.flat()),
    { signal: request.signal, named: true },
  );
  let next = 0;
  let best = first;
  let fewest = Number.POSITIVE_INFINITY;
  for (const tags of choices) {
    const count = tags.reduce((sum) => sum + Number(rows[next++]?.of ?? 0), 0);
    if (count >= fewest) continue;
    best = tags;
    fewest = count;
  }
  return { kind: "tags", tags: best };
}

/** Where the namespace, the keys and the cursor leave anything to be found; `undefined` for nowhere. */
function rangeOf(request: AdmittedFind): PlaceRange | undefined {
  const { namespace, namespacePrefix, after, direction } = request;
  if (namespace !== undefined && namespacePrefix.some((element, index) => element !== namespace[index])) {
    return undefined;
  }
  const bounds = findBounds(request);
  let low = placeOf(bounds.low);
  let high = bounds.high === undefined ? undefined : placeOf(bounds.high);
  if (after !== undefined) {
    const place = placeOf(documentSortKey(after.namespace, after.key));
    // Whichever lies further on: a cursor of another query may stand before the range. No key holds NUL, so the first
    // place behind a document ends with one.
    if (direction === "backward") high = high === undefined || place < high ? place : high;
    else if (`${place}00` > low) low = `${place}00`;
  }
  return high !== undefined && high <= low ? undefined : { low, high };
}

function pageOf({ limit }: AdmittedFind, rows: readonly FindRow[]): DriverPage<Document, DocumentPosition> {
  const items: Document[] = [];
  for (const row of rows) if (row.place !== null) items.push(documentOf(addressAt(row.place), row));
  const hasMore = items.length > limit || (rows[0]?.found ?? 0) > items.length;
  if (items.length > limit) items.pop();
  const edge = rows[0]?.edge ?? undefined;
  return { items, next: hasMore ? items.at(-1) : edge === undefined ? undefined : addressAt(edge) };
}
