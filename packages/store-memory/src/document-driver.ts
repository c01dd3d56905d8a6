import type { Document, DocumentScope } from "@relevo/core";
import { compareUtf8, documentSortKey } from "@relevo/core/input";
import { type Answer, type DocumentDriver, type DriverPage, findBounds } from "@relevo/core/store";
import { addressOf } from "./derived-index.ts";
import { findDocuments } from "./document-find.ts";
import { listNamespaces } from "./document-namespaces.ts";
import type { DocumentRow, DocumentSet } from "./document-set.ts";
import { deleteDocuments, openUnit, putDocuments, showDocument } from "./document-writes.ts";
import { absent } from "./refusals.ts";
import type { StoreState } from "./store-state.ts";

/** What a reader looks through, and how it shows what it finds. */
interface Reading {
  readonly set: DocumentSet;
  isExpired(row: DocumentRow): boolean;
  show(row: DocumentRow): Document;
}

/** The documents of the shared memory. */
export function createDocumentDriver(state: StoreState): DocumentDriver {
  /** Lets a reader walk a set. What it finds expired is gone for good, even if the clock goes back. */
  function readSet<Item, Position>(
    { tenant, session: id }: DocumentScope,
    read: (reading: Reading) => DriverPage<Item, Position>,
  ): Answer<DriverPage<Item, Position>> {
    const now = state.now();
    const session = id === undefined ? undefined : state.session({ tenant, session: id }, now);
    if (id !== undefined && session === undefined) {
      const { refused } = absent(state, { tenant, session: id });
      return refused === undefined ? { ok: { items: [] } } : { refused: "evicted" };
    }
    const set = id === undefined ? state.tenants.get(tenant)?.documents : session?.documents;
    if (set === undefined) return { ok: { items: [] } };
    const expired: DocumentRow[] = [];
    const page = read({
      set,
      isExpired: (row) => row.expiresAt !== undefined && row.expiresAt <= now && expired.push(row) > 0,
      show: (row) => showDocument(row, session),
    });
    for (const row of expired) if (!row.ended) state.dropDocument(row);
    return { ok: page };
  }

  return {
    get({ addresses }) {
      const now = state.now();
      const documents: (Document | undefined)[] = [];
      for (const { tenant, session: id, namespace, key } of addresses) {
        const session = id === undefined ? undefined : state.session({ tenant, session: id }, now);
        if (id !== undefined && session === undefined) {
          const answer = absent(state, { tenant, session: id });
          if (answer.refused !== undefined) return answer;
        }
        const set = id === undefined ? state.tenants.get(tenant)?.documents : session?.documents;
        const row = state.document(set, documentSortKey(namespace, key), now);
        documents.push(row && showDocument(row, session));
      }
      return { ok: documents };
    },

    put: (request) => putDocuments(state, request),
    delete: (request) => deleteDocuments(state, request),

    eraseDerived({ tenant: id, source, limit }) {
      const now = state.now();
      const rows = [...(state.tenants.get(id)?.derived.find(source, limit) ?? [])];
      for (const row of rows) state.dropDocument(row);
      for (const session of new Set(rows.map(({ set }) => set.session))) {
        const found = session === undefined ? undefined : state.tenants.get(id)?.sessions.get(session);
        if (found !== undefined) state.chargeSession(found, now);
      }
      return { ok: { erased: rows.map(addressOf), more: rows.length === limit } };
    },

    touch(request) {
      const { address, ttlMs } = request;
      const now = state.now();
      const unit = openUnit(state, address, request, now);
      if ("refused" in unit) return unit;
      const row = state.document(unit.set, documentSortKey(address.namespace, address.key), now);
      if (row === undefined) return { ok: undefined };
      state.setDocumentExpiry(row, ttlMs === null ? undefined : now + ttlMs);
      return { ok: showDocument(row, unit.session) };
    },

    find: (request) =>
      readSet(request.scope, ({ set, isExpired, show }) => findDocuments(set, request, isExpired, show)),

    count(request) {
      const { low, high } = findBounds(request);
      const answer = readSet<number, never>(request.scope, ({ set, isExpired }) => {
        let count = 0;
        for (const sortKey of set.order.ascending(low)) {
          if (high !== undefined && compareUtf8(sortKey, high) >= 0) break;
          const row = set.rows.get(sortKey);
          if (row !== undefined && !isExpired(row)) count++;
        }
        return { items: [count] };
      });
      return answer.refused === undefined ? { ok: answer.ok?.items[0] ?? 0 } : answer;
    },

    namespaces: (request) =>
      readSet(request.scope, ({ set, isExpired }) => listNamespaces(set, request, isExpired)),
  };
}
