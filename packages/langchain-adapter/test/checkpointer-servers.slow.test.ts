import type { Store } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe } from "vitest";
import { checkpointerCases } from "./support/checkpointer-cases.ts";
import { checkpointerLargeCases, checkpointerListCases } from "./support/checkpointer-size-cases.ts";
import { deltaCases } from "./support/delta-cases.ts";
import { type ServedStores, servePostgres, serveRedis } from "./support/stores.ts";

const services = [
  ["Redis", "redis", serveRedis],
  ["PostgreSQL", "postgres", servePostgres],
] as const;

for (const [name, service, serve] of services)
  describe.skipIf(!requireService(service, { for: "the checkpointer of LangGraph on it" }))(
    `on ${name}`,
    () => {
      let stores: ServedStores | undefined;
      const open = (): Store => {
        if (stores === undefined) throw new Error("The server has not been started.");
        return stores.open();
      };
      beforeAll(async () => {
        stores = await serve();
      });
      afterAll(async () => {
        await stores?.[Symbol.asyncDispose]();
      });
      checkpointerCases(open);
      checkpointerListCases(open);
      checkpointerLargeCases(open);
      deltaCases(open);
    },
  );

describe("on the store in process", () => {
  checkpointerLargeCases(createMemoryStore);
});
