import { setTimeout as sleep } from "node:timers/promises";
import { MemoryError, readAll, type SessionAddress } from "@relevo/core";
import {
  type AcknowledgedAppend,
  checkHistory,
  type HistoryAppend,
  type HistoryRead,
  type SeenEvent,
} from "@relevo/store-conformance";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { createPostgresStore, type PostgresStore, type PostgresStoreOptions } from "../src/index.ts";

/** What a fault has shown: what was counted, and what should not have been. */
export interface Finding {
  readonly summary: string;
  readonly violations: readonly string[];
}

export interface Fault {
  readonly name: string;
  run(): Promise<Finding>;
}

export interface OpenStore extends AsyncDisposable {
  readonly store: PostgresStore;
}

export const address: SessionAddress = { tenant: "acme", session: "s" };

/**
 * The ways in which a store reaches its server: one statement for each call, a transaction around each, or a Kysely of
 * the caller. What is known after a cut differs.
 */
export type Way = "pool" | "transactions" | "kysely";

/** A store with a pool of its own, as each process of a program has it. */
export function openStore(url: string, timeoutMs: number = 5000, way: Way = "pool"): OpenStore {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const store = createPostgresStore({ ...clientOf(pool, way), timeoutMs });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await pool.end();
    },
  };
}

function clientOf(pool: pg.Pool, way: Way): PostgresStoreOptions {
  if (way === "pool") return { pool };
  if (way === "transactions") return { pool, rowLevelSecurity: "application-role" };
  // Of a Kysely the store cannot see the pool, so its owner listens.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return { kysely: new Kysely({ dialect: new PostgresDialect({ pool }) }) };
}

/** What one writer was told. */
export interface Written {
  readonly acknowledged: AcknowledgedAppend[];
  readonly unknown: HistoryAppend[];
  /** What the store says was certainly not applied, and so must not be in the log. */
  readonly refused: HistoryAppend[];
  /** How the failures called themselves: `timeout/unknown` and so on, with how many of each. */
  readonly errors: Map<string, number>;
  /** The longest that one call took, in milliseconds. */
  longestMs: number;
  readonly violations: string[];
}

export interface WriteOptions {
  readonly writer: string;
  readonly count: number;
  /**
   * `retry` makes each append, which has an operation id, again until it is answered; `accept` goes on to the next
   * one and holds the store to what it said of the outcome; `accept-plain` does so without operation ids.
   */
  readonly mode?: "retry" | "accept" | "accept-plain";
  /** When the writer stops although not all is written, such as at the end of the fault. */
  readonly until?: () => boolean;
  /** Where to write; the one session of the fault when left out. */
  readonly to?: SessionAddress;
}

/** How long one append is tried for. In milliseconds. */
const patienceMs = 60_000;

/** Appends one after the other, each event with a text of its own. */
export async function write(store: PostgresStore, options: WriteOptions): Promise<Written> {
  const { writer, count, mode = "retry", until, to = address } = options;
  const written: Written = {
    acknowledged: [],
    unknown: [],
    refused: [],
    errors: new Map(),
    longestMs: 0,
    violations: [],
  };
  for (let order = 1; order <= count && until?.() !== true; order++) {
    const id = `${writer}-${order}`;
    // Batches too: one that is stored in part would show.
    const events = order % 5 === 0 && mode !== "retry" ? [`${id}.0`, `${id}.1`, `${id}.2`] : [`${id}.0`];
    const append: HistoryAppend = { operation: id, writer, order, events };
    const inputs = events.map((body) => ({ type: "x-note" as const, body }));
    const operation = mode === "accept-plain" ? {} : { operation: { id, fingerprint: id } };
    const giveUpAt = performance.now() + patienceMs;
    for (let answered = false; !answered; ) {
      const began = performance.now();
      try {
        const { firstSeq, version } = await store.log.append(to, inputs, operation);
        written.acknowledged.push({ ...append, firstSeq, version });
        answered = true;
      } catch (error) {
        answered = mode !== "retry" || performance.now() > giveUpAt;
        const kind = note(written, error);
        if (answered) (kind === "not-applied" ? written.refused : written.unknown).push(append);
        if (answered && mode === "retry") written.violations.push(`${id} was never answered: ${error}`);
        await sleep(20);
      } finally {
        written.longestMs = Math.max(written.longestMs, performance.now() - began);
      }
    }
  }
  return written;
}

/** Counts an error by what it calls itself; one that is none of ours is a violation by itself. */
function note({ errors, violations }: Written, error: unknown): string {
  const typed = MemoryError.isInstance(error);
  if (!typed) violations.push(`an error without a type: ${String(error)}`);
  const kind = typed ? `${error.code}/${error.outcome}` : "untyped";
  errors.set(kind, (errors.get(kind) ?? 0) + 1);
  return typed ? (error.outcome ?? "unknown") : "unknown";
}

export async function readLog(
  store: PostgresStore,
  from: SessionAddress = address,
): Promise<readonly SeenEvent[]> {
  const seen: SeenEvent[] = [];
  for await (const page of readAll(store.log, from, { limit: 1000 })) {
    for (const event of page) seen.push({ seq: event.seq, event: String(event.body) });
  }
  return seen;
}

/** What the writers' stories and the log do not agree on. */
export function judge(
  writers: readonly Written[],
  final: readonly SeenEvent[],
  reads: readonly HistoryRead[] = [],
): readonly string[] {
  const found = checkHistory({
    acknowledged: writers.flatMap(({ acknowledged }) => acknowledged),
    unknown: writers.flatMap(({ unknown }) => unknown),
    refused: writers.flatMap(({ refused }) => refused),
    final,
    reads,
  });
  return [
    ...writers.flatMap(({ violations }) => violations),
    ...found.map(({ kind, message }) => `${kind}: ${message}`),
  ];
}

export function sum(writers: readonly Written[], of: (written: Written) => number): number {
  return writers.reduce((total, written) => total + of(written), 0);
}

/** How the failures called themselves, most frequent first. */
export function errorsOf(writers: readonly Written[]): string {
  const all = new Map<string, number>();
  for (const { errors } of writers) {
    for (const [kind, count] of errors) all.set(kind, (all.get(kind) ?? 0) + count);
  }
  const sorted = [...all].sort((left, right) => right[1] - left[1]);
  return sorted.length === 0 ? "no error" : sorted.map(([kind, count]) => `${count} ${kind}`).join(", ");
}

/** The same calls in the same order for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
