import type { PGlite } from "@electric-sql/pglite";
import type { Store } from "@relevo/core";
import type { StoreHarness } from "@relevo/store-conformance";
import { createPostgresStore, migratePostgres } from "../src/index.ts";
import { openPgliteWithVectors } from "./pglite.ts";

/** Lets real time pass: the store's clock is the server's. */
async function waitMs(ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(20, Math.max(1, end - performance.now()))));
  }
}

/** Of stores in the kit: no case is about the deadline, and a busy machine must not meet it. */
export const timeoutMs = 300_000;

let shared: Promise<PGlite> | undefined;

/** One PGlite for all cases of a file: opening one takes seconds, and each case has a tenant of its own. */
export function sharedPglite(): Promise<PGlite> {
  shared ??= (async () => {
    const pglite = await openPgliteWithVectors();
    await migratePostgres({ pglite });
    return pglite;
  })();
  return shared;
}

/** Two handles of one store, for a case of the kit. */
export function handlesOf(store: Store, other: Store): Awaited<ReturnType<StoreHarness["open"]>> {
  return {
    store,
    other,
    advance: waitMs,
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([store.close(), other.close()]);
    },
  };
}

/** The kit's way in: two stores over one PGlite, each with its own Kysely, queues and checks. */
export const pgliteHarness: StoreHarness = {
  name: "store-postgres on PGlite",
  async open() {
    const pglite = await sharedPglite();
    const options = { pglite, timeoutMs };
    return handlesOf(createPostgresStore(options), createPostgresStore(options));
  },
};
