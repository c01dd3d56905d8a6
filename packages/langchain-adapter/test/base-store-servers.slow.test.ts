import { randomUUID } from "node:crypto";
import type { Store } from "@relevo/core";
import { createRecall, createSearchIndex } from "@relevo/semantic";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BaseStoreHarness, runBaseStoreCases } from "../src/conformance/index.ts";
import { RelevoStore, storeDocuments } from "../src/langgraph/index.ts";
import { type ServedStores, servePostgres, serveRedis } from "./support/stores.ts";

/** Each store of the cases is a tenant of its own. Time is the server's, so that expiry is shown in process alone. */
function harnessOn(open: () => Store): BaseStoreHarness {
  const storeOf = (tenant: string): RelevoStore => new RelevoStore({ store: open(), tenant });
  return {
    create: () => storeOf(randomUUID()),
    async createPair() {
      const tenant = randomUUID();
      return [storeOf(tenant), storeOf(tenant)];
    },
    createTenants: async () => [storeOf(randomUUID()), storeOf(randomUUID())],
    async createSearchable() {
      const store = open();
      const recall = createRecall({ store, index: createSearchIndex(), ...storeDocuments() });
      return new RelevoStore({ store, tenant: randomUUID(), recall });
    },
  };
}

for (const [name, service, serve] of [
  ["Redis", "redis", serveRedis],
  ["PostgreSQL", "postgres", servePostgres],
] as const)
  describe.skipIf(!requireService(service, { for: "the store of LangGraph on it" }))(`on ${name}`, () => {
    let stores: ServedStores;
    beforeAll(async () => {
      stores = await serve();
    });
    afterAll(async () => {
      await stores?.[Symbol.asyncDispose]();
    });

    it("the cases for a BaseStore pass", async () => {
      const results = await runBaseStoreCases(harnessOn(() => stores.open("shared")));
      expect(results.filter(({ outcome }) => outcome !== "passed")).toEqual([
        { name: "an item expires after its lifetime, which a read starts anew", outcome: "not offered" },
      ]);
    });
  });
