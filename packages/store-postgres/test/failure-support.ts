import { MemoryError, readAll, type SessionAddress } from "@relevo/core";
import pg from "pg";
import { createPostgresStore, type PostgresStore, type PostgresStoreOptions } from "../src/index.ts";
import { timeoutMs as patientMs } from "./harness.ts";

/** Of a store whose calls have to end by it: short, so that this shows soon. In milliseconds. */
const hastyMs = 1000;
/** A call that has not ended after this long ignores its deadline; far above what a busy machine needs. */
export const hangMs = 60_000;

export interface TestStore extends AsyncDisposable {
  /** With a deadline that no busy machine meets. */
  readonly store: PostgresStore;
  /** Over the same pool, for calls that have to end by their deadline. */
  readonly hasty: PostgresStore;
  readonly pool: pg.Pool;
  /** What reached `onError`. */
  readonly errors: unknown[];
}

/** Stores over a pool of their own, which have made their first call. */
export async function openStore(
  url: string,
  pool: pg.PoolConfig = {},
  options: Partial<Omit<PostgresStoreOptions, "pool" | "pglite" | "kysely">> = {},
): Promise<TestStore> {
  const own = new pg.Pool({ connectionString: url, max: 4, ...pool });
  const errors: unknown[] = [];
  const shared = { pool: own, onError: (error: unknown) => errors.push(error) };
  const store = createPostgresStore({ ...shared, timeoutMs: patientMs });
  const hasty = createPostgresStore({ ...shared, timeoutMs: hastyMs, ...options });
  const first = { tenant: "acme", session: "none" };
  await store.log.head(first);
  await until("the first call", () =>
    hasty.log.head(first).then(
      () => true,
      () => false,
    ),
  );
  return {
    store,
    hasty,
    pool: own,
    errors,
    async [Symbol.asyncDispose]() {
      await store.close();
      await hasty.close();
      await own.end();
    },
  };
}

export interface Failure {
  readonly code: string;
  readonly outcome: string;
  readonly details: MemoryError["details"];
  readonly elapsedMs: number;
}

/** How a call failed. @throws Error when it did not, or not with an error of ours. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const began = performance.now();
  const error = await call.then(
    () => new Error("the call did not fail"),
    (thrown: unknown) => thrown,
  );
  if (!MemoryError.isInstance(error)) throw error;
  const { code, outcome, details } = error;
  return { code, outcome, details, elapsedMs: performance.now() - began };
}

export const note = (body: string) => [{ type: "x-note" as const, body }];

/** With an operation id, so that it may be repeated. */
export const once = (id: string) => ({ operation: { id, fingerprint: id } });

export async function notesOf(store: PostgresStore, address: SessionAddress): Promise<readonly string[]> {
  const notes: string[] = [];
  for await (const page of readAll(store.log, address)) notes.push(...page.map(({ body }) => String(body)));
  return notes;
}

/** Somebody else's connection that holds the row of a session until it is told to let go. */
export async function holdSession(
  ownerUrl: string,
  { tenant, session }: SessionAddress,
): Promise<{ release(): Promise<void> } & AsyncDisposable> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  await client.query("begin");
  const { rowCount } = await client.query(
    "select from relevo.sessions where tenant = $1 and session = $2 for update",
    [tenant, session],
  );
  if (rowCount !== 1) throw new Error("there is no such session to hold");
  let held = true;
  async function release(): Promise<void> {
    if (!held) return;
    held = false;
    await client.end();
  }
  return { release, [Symbol.asyncDispose]: release };
}

/** Asks until it is so. @throws Error when that takes five minutes. */
export async function until(what: string, ask: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 300_000;
  while (!(await ask())) {
    if (performance.now() > end) throw new Error(`waited five minutes for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
