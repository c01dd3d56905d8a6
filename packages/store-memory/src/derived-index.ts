import type { DocumentAddress } from "@relevo/core";
import { documentSortKey, rangesIntersect } from "@relevo/core/input";
import type { RemovedSource } from "@relevo/core/store";
import type { DocumentRow } from "./document-set.ts";

/** The documents of a tenant by what they are derived from. */
export class DerivedIndex {
  readonly #bySource = new Map<string, Set<DocumentRow>>();

  add(row: DocumentRow): void {
    for (const key of keysOf(row)) {
      const rows = this.#bySource.get(key);
      if (rows === undefined) this.#bySource.set(key, new Set([row]));
      else rows.add(row);
    }
  }

  remove(row: DocumentRow): void {
    for (const key of keysOf(row)) {
      const rows = this.#bySource.get(key);
      rows?.delete(row);
      if (rows?.size === 0) this.#bySource.delete(key);
    }
  }

  /** At most `limit` documents that are derived from the source, each once. */
  find(source: RemovedSource, limit: number): ReadonlySet<DocumentRow> {
    const found = new Set<DocumentRow>();
    const keys =
      "session" in source
        ? [sessionSource(source.session, source.incarnation)]
        : source.documents.map(({ session, namespace, key }) => documentSource(session, namespace, key));
    for (const key of keys) {
      for (const row of this.#bySource.get(key) ?? []) {
        if (found.size === limit) return found;
        const ranges = row.document.derivedFrom?.events?.ranges ?? [];
        if (!("session" in source) || rangesIntersect(ranges, source.ranges)) found.add(row);
      }
    }
    return found;
  }
}

export function addressOf({ set, document: { namespace, key } }: DocumentRow): DocumentAddress {
  const { tenant, session } = set;
  return session === undefined ? { tenant, namespace, key } : { tenant, session, namespace, key };
}

function keysOf({ document: { derivedFrom } }: DocumentRow): readonly string[] {
  if (derivedFrom === undefined) return [];
  const { events, documents = [] } = derivedFrom;
  return [
    ...(events === undefined ? [] : [sessionSource(events.session, events.incarnation)]),
    ...documents.map(({ session, namespace, key }) => documentSource(session, namespace, key)),
  ];
}

function sessionSource(session: string, incarnation: string): string {
  return `e${session}\0${incarnation}`;
}

function documentSource(session: string | undefined, namespace: readonly string[], key: string): string {
  return `d${session ?? ""}\0\0${documentSortKey(namespace, key)}`;
}
