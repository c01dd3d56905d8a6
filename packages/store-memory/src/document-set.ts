import type { Document } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
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

  /** Puts a row in its place, and takes out the one that was there. Only the indexes that change are touched. */
  put(row: DocumentRow): DocumentRow | undefined {
    const before = this.rows.get(row.sortKey);
    this.rows.set(row.sortKey, row);
    if (before === undefined) this.order.add(row.sortKey);
    else this.#leave(before);
    if (before === undefined || !sameTags(before.document.tags, row.document.tags)) {
      if (before !== undefined) this.#untag(before);
      this.#tag(row);
    }
    this.byTime.add(row);
    this.charge += row.charge;
    return before;
  }

  remove(row: DocumentRow): void {
    this.rows.delete(row.sortKey);
    this.order.delete(row.sortKey);
    this.#untag(row);
    this.#leave(row);
  }

  #leave(row: DocumentRow): void {
    this.byTime.delete(row);
    this.charge -= row.charge;
    row.ended = true;
  }

  #tag(row: DocumentRow): void {
    for (const tag of row.document.tags) {
      let tagged = this.byTag.get(tag);
      if (tagged === undefined) {
        tagged = new SortedSet(compareUtf8);
        this.byTag.set(tag, tagged);
      }
      tagged.add(row.sortKey);
    }
  }

  #untag(row: DocumentRow): void {
    for (const tag of row.document.tags) {
      const tagged = this.byTag.get(tag);
      tagged?.delete(row.sortKey);
      if (tagged?.size === 0) this.byTag.delete(tag);
    }
  }
}

/** Tags are stored sorted, so equal sets are equal lists. */
function sameTags(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((tag, index) => tag === right[index]);
}

function compareTimes(left: DocumentRow, right: DocumentRow): number {
  // Versions that are given here are unique in a tenant and grow, so that documents written in one millisecond go to the
  // end too. Imported ones may be equal.
  return (
    left.document.updatedAt - right.document.updatedAt ||
    left.document.version - right.document.version ||
    compareUtf8(left.sortKey, right.sortKey)
  );
}
