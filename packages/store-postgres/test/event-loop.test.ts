import type { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, migratePostgres, type PostgresStore } from "../src/index.ts";
import { openPglite } from "./pglite.ts";

const session = { tenant: "acme", session: "s-1" };
const note = [{ type: "x-note", body: 1 }] as const;

let pglite: PGlite;

beforeAll(async () => {
  pglite = await openPglite();
  await migratePostgres({ pglite });
});

afterAll(() => pglite.close());

/** How many awaited calls it takes until an immediate that was asked for before the first of them has run. */
async function callsUntilTurn(call: () => Promise<unknown>): Promise<number> {
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  for (let calls = 1; calls <= 1000; calls++) {
    await call().catch(() => undefined);
    if (turned) return calls;
  }
  return Number.POSITIVE_INFINITY;
}

const ways: Record<string, () => PostgresStore> = {
  pglite: () => createPostgresStore({ pglite }),
  kysely: () =>
    createPostgresStore({
      kysely: new Kysely({ dialect: new PGliteDialect({ pglite }) }),
      rowLevelSecurity: "bypassed-on-purpose",
    }),
};

describe.each(Object.entries(ways))("on a PGlite, which answers in this process, by %s", (_name, open) => {
  it.each<[string, (store: PostgresStore) => Promise<unknown>]>([
    ["appends", (store) => store.log.append(session, note)],
    ["reads", (store) => store.log.read(session)],
    ["puts", (store) => store.documents.put({ tenant: "acme", namespace: ["n"], key: "k" }, { value: 1 })],
    ["refused appends", (store) => store.log.append(session, note, { expectedVersion: 999_999 })],
  ])("a loop of awaited %s lets the event loop turn", async (_what, call) => {
    await using store = open();
    // The first call looks at the schema too.
    await call(store).catch(() => undefined);
    for (let round = 0; round < 3; round++) {
      expect(await callsUntilTurn(() => call(store))).toBeLessThanOrEqual(257);
    }
  });

  it("a loop ends by the signal of a timer beside it", async () => {
    await using store = open();
    // The first call looks at the schema in a transaction, which Kysely's dialect cannot end when PGlite is closed.
    await store.log.append(session, note);
    const signal = AbortSignal.timeout(20);
    const endless = (async () => {
      for (;;) await store.log.append(session, note, { signal });
    })();
    await expect(endless).rejects.toMatchObject({ code: "aborted" });
  });
});
