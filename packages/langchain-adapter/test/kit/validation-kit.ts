// What the command of LangGraph's kit for checkpointers runs, and its cases for delta channels, which the command leaves out, on
// the store that KIT_STORE names. For the kit's own Vitest: see `validation-kit.slow.test.ts`.
import { deltaChannelHistoryTests, specTest } from "@langchain/langgraph-checkpoint-validation";
import { createMemoryStore } from "@relevo/store-memory";
import { RelevoCheckpointer } from "../../src/langgraph/index.ts";
import { type ServedStores, servePostgres, serveRedis } from "../support/stores.ts";

const name = process.env.KIT_STORE ?? "";
const servers: Readonly<Record<string, () => Promise<ServedStores>>> = {
  redis: serveRedis,
  postgres: servePostgres,
};
let served: ServedStores | undefined;
let tenants = 0;
const initializer = {
  checkpointerName: name,
  beforeAllTimeout: 600_000,
  async beforeAll() {
    served = await servers[name]?.();
  },
  async afterAll() {
    await served?.[Symbol.asyncDispose]();
  },
  createCheckpointer: () =>
    new RelevoCheckpointer({ store: served?.open() ?? createMemoryStore(), tenant: `kit-${++tenants}` }),
};
specTest(initializer);
deltaChannelHistoryTests(initializer);
