import { compareUtf8, type Document } from "@relevo/core";
import type { Expiring } from "./expiry-queue.ts";
import { SortedSet } from "./sorted-set.ts";

/** One document in its set. Replaced whole by a put; only its expiry changes in place. */
export interface DocumentRow extends Expiring {
  readonly kind: "document";
  readonly set: DocumentSet;
  /** `documentSortKey` of namespace and key. */
  readonly sortKey: string;
  /** Frozen, with the expiry of its own. */
  document: Document;
  /** What it counts for against a bound. */
  readonly charge: number;
}

/**
 * The documents of one session, or those of one tenant that stand alone, with indexes by place, by tag and by time
 * of writing.
 */
export class DocumentSet {
  /** The session they live in; absent for those that stand alone. */
  readonly session: string | undefined;
  readonly tenant: string;
  readonly rows: Map<string, DocumentRow> = new Map();
  readonly order: SortedSet<string> = new SortedSet(compareUtf8);
  readonly byTag: Map<string, SortedSet<string>> = new Map();
  readonly byTime: SortedSet<DocumentRow> = new SortedSet(compareTimes);
  charge = 0;

  constructor(tenant: string, session: string | undefined) {
    this.tenant = tenant;
    this.session = session;
  }

  /** Puts a row in its place; that of the same key must be removed before. */
  add(row: DocumentRow): void {
    this.rows.set(row.sortKey, row);
    this.order.add(row.sortKey);
    this.byTime.add(row);
    for (const tag of row.document.tags) {
      const tagged = this.byTag.get(tag);
      if (tagged === undefined) {
        const first = new SortedSet(compareUtf8);
        first.add(row.sortKey);
        this.byTag.set(tag, first);
      } else tagged.add(row.sortKey);
    }
    this.charge += row.charge;
  }

  remove(row: DocumentRow): void {
    this.rows.delete(row.sortKey);
    this.order.delete(row.sortKey);
    this.byTime.delete(row);
    for (const tag of row.document.tags) {
      const tagged = this.byTag.get(tag);
      tagged?.delete(row.sortKey);
      if (tagged?.size === 0) this.byTag.delete(tag);
    }
    this.charge -= row.charge;
    row.ended = true;
  }
}

function compareTimes(left: DocumentRow, right: DocumentRow): number {
  return left.document.updatedAt - right.document.updatedAt || compareUtf8(left.sortKey, right.sortKey);
}
