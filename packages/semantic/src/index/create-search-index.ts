import {
  defaultLimits,
  type JsonValue,
  type SearchChange,
  type SearchIndex,
  type SearchStreamState,
} from "@relevo/core";
import {
  admitSearchCall,
  admitSearchChange,
  admitSearchGroups,
  admitSearchMark,
  admitSearchPage,
  admitSearchRequest,
  admitSearchSelector,
  decodeCursor,
  encodeCursor,
} from "@relevo/core/store";
import { TenantIndex } from "./tenant-index.ts";

const limits = defaultLimits;
const cursorKind = "search.streams";

/** A part of a snapshot; plain JSON, so that each can be a line of a file. */
export type SearchSnapshotPart = { readonly change: SearchChange } | { readonly mark: JsonValue };

/** An index in the process, which can be written to a file and read again. */
export interface InProcessSearchIndex extends SearchIndex {
  /**
   * All that the index has of a tenant. Each stream is as it was when its part was read; a recall that continues on a restored
   * index indexes what was written since the snapshot began.
   */
  snapshot(tenant: string): AsyncGenerator<SearchSnapshotPart, void, void>;
  /** Replaces what the index has of the tenant. What ends early leaves an index that a recall rebuilds. */
  restore(
    tenant: string,
    parts: Iterable<SearchSnapshotPart> | AsyncIterable<SearchSnapshotPart>,
  ): Promise<void>;
}

/**
 * An index in this process, in typed arrays: about 0.5 kB for a short message. It is empty when the process starts, and a
 * recall then fills it from its store. Calls take effect when they are made.
 *
 * A write to the end of a stream takes time in what is written; one in the middle also moves the numbers of the items
 * behind it. Memory of removed items is given back when half of all items are removed ones.
 */
export function createSearchIndex(): InProcessSearchIndex {
  const tenants = new Map<string, TenantIndex>();
  const empty = new TenantIndex();

  function existing(tenant: string): TenantIndex {
    return tenants.get(tenant) ?? empty;
  }

  function created(tenant: string): TenantIndex {
    let found = tenants.get(tenant);
    if (found === undefined) {
      found = new TenantIndex();
      tenants.set(tenant, found);
    }
    return found;
  }

  return {
    async write(tenant, change, options) {
      const admitted = admitSearchCall(tenant, options, limits);
      const copy = admitSearchChange(change, limits);
      return created(admitted).write(copy);
    },
    async remove(tenant, selector, options) {
      const admitted = admitSearchCall(tenant, options, limits);
      const chosen = admitSearchSelector(selector, limits);
      const removed = existing(admitted).remove(chosen);
      if ("all" in chosen) tenants.delete(admitted);
      return removed;
    },
    async streams(tenant, selector, options) {
      const page = admitSearchPage(tenant, options, limits);
      const chosen = admitSearchSelector(selector, limits);
      const after = page.cursor === undefined ? undefined : decodeCursor(cursorKind, page.cursor, 1)[0];
      const found = existing(page.tenant)
        .streams(chosen)
        .filter(([key]) => typeof after !== "string" || key > after)
        .sort(([left], [right]) => (left < right ? -1 : 1));
      const items: readonly SearchStreamState[] = found.slice(0, page.limit).map(([, state]) => state);
      const last = found[page.limit - 1]?.[0];
      const isCut = last !== undefined && found.length > page.limit;
      return { items, ...(isCut ? { cursor: encodeCursor(cursorKind, [last]) } : {}) };
    },
    async state(tenant, options) {
      return existing(admitSearchCall(tenant, options, limits)).state();
    },
    async mark(tenant, mark, options) {
      const admitted = admitSearchCall(tenant, options, limits);
      const copy = admitSearchMark(mark, limits);
      created(admitted).mark(copy);
    },
    async lookup(tenant, groups, options) {
      return existing(admitSearchCall(tenant, options, limits)).lookup(admitSearchGroups(groups));
    },
    async read(tenant, request, score, options) {
      const admitted = admitSearchCall(tenant, options, limits);
      return existing(admitted).read(admitSearchRequest(request, limits), score);
    },
    async *snapshot(tenant) {
      const index = existing(admitSearchCall(tenant, undefined, limits));
      const { mark } = index.state();
      for (const [key] of index.streams({ all: true })) {
        const change = index.changeOf(key);
        if (change !== undefined) yield { change };
      }
      if (mark !== undefined) yield { mark };
    },
    async restore(tenant, parts) {
      const admitted = admitSearchCall(tenant, undefined, limits);
      tenants.delete(admitted);
      for await (const part of parts) {
        if ("mark" in part) created(admitted).mark(admitSearchMark(part.mark, limits));
        else {
          const change = admitSearchChange(part.change, limits);
          created(admitted).write(change);
        }
      }
    },
  };
}
