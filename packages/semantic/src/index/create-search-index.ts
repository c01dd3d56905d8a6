import { defaultLimits, type SearchIndex, type SearchStreamState } from "@relevo/core";
import { admitFields, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
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
import { readSnapshot, writeSnapshot } from "./snapshot.ts";
import { TenantIndex } from "./tenant-index.ts";
import { createDotKernel, type DotKernel } from "./vector-kernel.ts";
import type { VectorSegmentOptions } from "./vector-segment.ts";

const limits = defaultLimits;
const cursorKind = "search.streams";

export interface SearchIndexOptions {
  /**
   * Whether vectors are also kept as 8-bit integers, and searched in that form first: the same hits in about half the time,
   * for a quarter more memory. False when left out.
   */
  readonly quantized?: boolean | undefined;
}

const fields: FieldTable = fieldTable<SearchIndexOptions>({ quantized: "refines" });

/** An index in the process, which can be written to a file and read again. */
export interface InProcessSearchIndex extends SearchIndex {
  /**
   * All that the index has of a tenant, as bytes with a version and a checksum. Other calls go on meanwhile. It holds the words
   * and vectors of what was said, so keep and delete it as you do a backup.
   */
  snapshot(tenant: string): AsyncGenerator<Uint8Array, void, void>;
  /**
   * Replaces what the index has of the tenant by a snapshot of it, in one step at the end. A recall that continues on it
   * indexes what the store wrote or removed since the snapshot began.
   *
   * @throws `corrupt` when it is damaged or ends early; `unsupported` when another version wrote its format; `invalid-input`
   * when it is of another tenant. The index is then as it was.
   */
  restore(tenant: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
}

/**
 * An index in this process, in typed arrays. It is empty when the process starts, and a recall then fills it from its store,
 * unless it is restored from a snapshot. Calls take effect when they are made.
 *
 * A write to the end of a stream takes time in what is written; one in the middle also moves the numbers of the items
 * behind it. Memory of removed items is given back when half of all items are removed ones. Vectors are compared exactly, with
 * WebAssembly's vector instructions where the process has them, and with the same result where it has not.
 *
 * @throws `invalid-input` that names the option.
 */
export function createSearchIndex(options: SearchIndexOptions = {}): InProcessSearchIndex {
  const { quantized = false } = admitFields(options, "options", fields);
  if (typeof quantized !== "boolean") throw refuse("options.quantized", "must be true or false.");
  let dots: { readonly kernel: DotKernel | undefined } | undefined;
  const vectors: VectorSegmentOptions = {
    quantized,
    kernel() {
      dots ??= { kernel: createDotKernel() };
      return dots.kernel;
    },
  };
  const tenants = new Map<string, TenantIndex>();
  const empty = new TenantIndex(vectors);

  function existing(tenant: string): TenantIndex {
    return tenants.get(tenant) ?? empty;
  }

  function created(tenant: string): TenantIndex {
    let found = tenants.get(tenant);
    if (found === undefined) {
      found = new TenantIndex(vectors);
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
    snapshot(tenant) {
      const admitted = admitSearchCall(tenant, undefined, limits);
      return writeSnapshot(admitted, existing(admitted));
    },
    async restore(tenant, chunks) {
      const admitted = admitSearchCall(tenant, undefined, limits);
      if (!isIterable(chunks)) throw refuse("chunks", "must be an iterable of Uint8Array, such as a stream.");
      const restored = new TenantIndex(vectors);
      await readSnapshot(admitted, chunks, restored);
      tenants.set(admitted, restored);
    },
  };
}

function isIterable(input: unknown): boolean {
  return (
    typeof input === "object" && input !== null && (Symbol.asyncIterator in input || Symbol.iterator in input)
  );
}
