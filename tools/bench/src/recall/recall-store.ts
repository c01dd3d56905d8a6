import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SearchIndex, Store } from "@relevo/core";
import { createSearchIndex } from "@relevo/semantic";
import { createMemoryStore } from "@relevo/store-memory";
import { openEmbedded } from "@relevo/store-postgres";
import type { RecallStoreName } from "./recall-options.ts";

/** A store with the index that recall uses beside it. */
export interface RecallStore extends AsyncDisposable {
  readonly store: Store;
  readonly index: SearchIndex;
}

export async function openRecallStore(name: RecallStoreName): Promise<RecallStore> {
  if (name === "memory") {
    const store = createMemoryStore({ maxSessions: 1_000_000, maxSessionBytes: 2 ** 31 });
    return { store, index: createSearchIndex(), [Symbol.asyncDispose]: () => store.close() };
  }
  const folder = await mkdtemp(join(tmpdir(), "relevo-recall-"));
  const store = await openEmbedded(folder);
  return {
    store,
    index: store.search,
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
