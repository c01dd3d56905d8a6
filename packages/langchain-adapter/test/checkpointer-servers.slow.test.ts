import type { Store } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe } from "vitest";
import { checkpointerCases } from "./support/checkpointer-cases.ts";
import { type ServedStores, servePostgres, serveRedis } from "./support/stores.ts";
import { runValidationKit } from "./support/validation-kit.ts";

const services = [
  ["Redis", "redis", serveRedis],
  ["PostgreSQL", "postgres", servePostgres],
] as const;

for (const [name, service, serve] of services)
  describe.skipIf(!requireService(service, { for: "the checkpointer of LangGraph on it" }))(
    `on ${name}`,
    async () => {
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
      await runValidationKit(`on ${name}`, open);
    },
  );
