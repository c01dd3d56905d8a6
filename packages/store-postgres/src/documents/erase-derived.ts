import type { DocumentAddress, DocumentSources } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import type { Answer, DerivedRequest, ErasedDocuments } from "@relevo/core/store";
import { callFunction } from "../call-function.ts";
import type { StoreContext } from "../context.ts";
import { multirange } from "../log/append.ts";
import { parseStored } from "../log/head.ts";
import { asJson, asText } from "../schema/sql-text.ts";
import { addressAt, placeOf } from "./place.ts";

/** A source as the functions of the schema take it. */
interface Source {
  readonly session: string;
  /** Of a document. */
  readonly place?: string;
  /** Of a session, as are the ranges. */
  readonly incarnation?: string;
  readonly ranges?: string;
}

interface DerivedRow {
  /** As `asJson` gives it. */
  readonly r_session: string;
  readonly r_generation: string;
  readonly r_place: string;
}

/** Removes documents that are derived from the source, each unit in a transaction of its own. */
export async function eraseDerived(
  context: StoreContext,
  { tenant, source, limit, signal }: DerivedRequest,
): Promise<Answer<ErasedDocuments>> {
  const given =
    "documents" in source
      ? { sources: JSON.stringify(source.documents.map(documentSource)), ranges: undefined }
      : {
          sources: JSON.stringify([{ session: source.session, incarnation: source.incarnation }]),
          ranges: multirange(source.ranges),
        };
  const rows = await callFunction<DerivedRow>(
    context,
    { tenant },
    {
      name: "find_derived",
      columns: `${asJson("f.r_session")} as r_session, ${asText("f.r_generation")} as r_generation, f.r_place`,
      given: { ...given, limit },
      effect: "read",
      signal,
    },
  );
  const units = new Map<string, DerivedRow[]>();
  for (const row of rows) {
    const unit = `${row.r_generation} ${row.r_session}`;
    const same = units.get(unit);
    if (same === undefined) units.set(unit, [row]);
    else same.push(row);
  }
  const erased: DocumentAddress[] = [];
  for (const unit of units.values()) {
    const [first] = unit;
    if (first === undefined) continue;
    const session = parseStored(first.r_session) as string;
    const scope = session === "" ? { tenant } : { tenant, session };
    const places = JSON.stringify(unit.map(({ r_place }) => r_place));
    const [row] = await callFunction<{ readonly answer: string }>(context, scope, {
      name: "erase_derived",
      given: { generation: first.r_generation, places, ...given },
      // A repetition finds nothing to remove, and would not say what is gone.
      effect: "once",
      signal,
    });
    const gone = parseStored(row?.answer ?? "[]") as readonly string[];
    for (const place of gone) erased.push({ ...scope, ...addressAt(place) });
  }
  return { ok: { erased, more: rows.length === limit } };
}

export function sourcesOf({ events, documents = [] }: DocumentSources): readonly Source[] {
  const sources: Source[] = documents.map(documentSource);
  if (events !== undefined) {
    const { session, incarnation, ranges } = events;
    sources.push({ session, incarnation, ranges: multirange(ranges) });
  }
  return sources;
}

function documentSource({ session = "", namespace, key }: Omit<DocumentAddress, "tenant">): Source {
  return { session, place: placeOf(documentSortKey(namespace, key)) };
}
