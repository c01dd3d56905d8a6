import {
  type Clock,
  createUuidGenerator,
  type IdGenerator,
  type LimitOverrides,
  type Limits,
  systemClock,
} from "@relevo/core";
import {
  admitFields,
  admitInteger,
  admitTtl,
  errorLine,
  type FieldTable,
  fieldTable,
  resolveLimits,
} from "@relevo/core/input";

/** Why something was evicted: a bound on entries, a bound on bytes, or a call of `evict`. */
export type EvictionReason = "max-entries" | "max-bytes" | "requested";

/** A session that was evicted, with all that lived in it. */
export interface SessionEviction {
  readonly kind: "session";
  readonly tenant: string;
  readonly session: string;
  readonly incarnation: string;
  readonly version: number;
  readonly reason: EvictionReason;
}

/** A document that stood alone and was evicted. */
export interface DocumentEviction {
  readonly kind: "document";
  readonly tenant: string;
  readonly namespace: readonly string[];
  readonly key: string;
  readonly version: number;
  readonly reason: EvictionReason;
}

/** The notice that something was lost to make room. */
export type EvictionNotice = SessionEviction | DocumentEviction;

/** What `createMemoryStore` takes. Everything has a default. Bytes are JSON in UTF-8 and a flat sum for each entry. */
export interface MemoryStoreOptions {
  /** Where the store's time comes from; the system's clock when left out. */
  readonly clock?: Clock | undefined;
  /** Makes incarnations; UUIDv7 by the clock when left out. */
  readonly ids?: IdGenerator | undefined;
  readonly limits?: LimitOverrides | undefined;
  /** The most sessions, over all tenants; 10,000 when left out. Past it the least recently used one is evicted. */
  readonly maxSessions?: number | undefined;
  /** The most bytes of all sessions together; 256 MiB when left out. A session that is alone larger is `too-large`. */
  readonly maxSessionBytes?: number | undefined;
  /** The most documents that stand alone, over all tenants; 100,000 when left out. */
  readonly maxDocuments?: number | undefined;
  /** The most bytes of documents that stand alone; 64 MiB when left out. */
  readonly maxDocumentBytes?: number | undefined;
  /** How many operations of ended incarnations are remembered for a day; 1,000,000 when left out. */
  readonly maxEndedOperations?: number | undefined;
  /** How many evicted sessions are remembered until they are deleted; 100,000 when left out. */
  readonly maxEvictions?: number | undefined;
  /** The idle lifetime of sessions that are created without one; for ever when left out. */
  readonly ttlMs?: number | undefined;
  /** How often expired data is freed; 30,000 when left out, 0 for never. It is invisible before that too. */
  readonly sweepIntervalMs?: number | undefined;
  /** Told of each eviction, in order, after the write that caused it. */
  readonly onEvicted?: ((notice: EvictionNotice) => void) | undefined;
  /** Told of what goes wrong where no caller waits: a callback that throws, a bound that cut the memory short. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

type Defaulted = Omit<MemoryStoreOptions, "limits" | "ttlMs" | "onEvicted">;

export type ResolvedOptions = { readonly [Name in keyof Defaulted]-?: NonNullable<Defaulted[Name]> } & {
  readonly limits: Limits;
  readonly ttlMs: number | undefined;
  readonly onEvicted: ((notice: EvictionNotice) => void) | undefined;
};

const defaults = {
  maxSessions: 10_000,
  maxSessionBytes: 256 * 1024 * 1024,
  maxDocuments: 100_000,
  maxDocumentBytes: 64 * 1024 * 1024,
  maxEndedOperations: 1_000_000,
  maxEvictions: 100_000,
} as const;

const fields: FieldTable = fieldTable<MemoryStoreOptions>({
  clock: "refines",
  ids: "refines",
  limits: "refines",
  maxSessions: "refines",
  maxSessionBytes: "refines",
  maxDocuments: "refines",
  maxDocumentBytes: "refines",
  maxEndedOperations: "refines",
  maxEvictions: "refines",
  ttlMs: "refines",
  sweepIntervalMs: "refines",
  onEvicted: "refines",
  onError: "refines",
});

/** @throws `invalid-input` for an unknown option or one out of its range. */
export function resolveOptions(given: MemoryStoreOptions): ResolvedOptions {
  const options = admitFields(given, "options", fields);
  const bound = (name: keyof typeof defaults, maximum: number): number =>
    admitInteger(options[name] ?? defaults[name], name, 1, maximum);
  const clock = options.clock ?? systemClock;
  return {
    clock,
    ids: options.ids ?? createUuidGenerator(clock),
    limits: resolveLimits(options.limits),
    // lru-cache sets aside room for the most entries at once, so a bound must be one that memory can hold.
    maxSessions: bound("maxSessions", 2 ** 24),
    maxSessionBytes: bound("maxSessionBytes", Number.MAX_SAFE_INTEGER),
    maxDocuments: bound("maxDocuments", 2 ** 24),
    maxDocumentBytes: bound("maxDocumentBytes", Number.MAX_SAFE_INTEGER),
    maxEndedOperations: bound("maxEndedOperations", 2 ** 24),
    maxEvictions: bound("maxEvictions", 2 ** 24),
    ttlMs: admitTtl(options.ttlMs, "ttlMs"),
    sweepIntervalMs: admitInteger(options.sweepIntervalMs ?? 30_000, "sweepIntervalMs", 0, 2 ** 31 - 1),
    onEvicted: options.onEvicted,
    onError: options.onError ?? warn,
  };
}

function warn(error: unknown): void {
  // Node.js prints it as it is, and anybody's words may be in it.
  process.emitWarning(errorLine(error), "RelevoStoreWarning");
}
