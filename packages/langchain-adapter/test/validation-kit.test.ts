import { createMemoryStore } from "@relevo/store-memory";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RelevoCheckpointer } from "../src/langgraph/index.ts";

// The published kit takes these from the globals of whichever Vitest runs it. `validation-kit.slow.test.ts` runs it as it is meant.
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });
const { deltaChannelHistoryTests, specTest } = await import("@langchain/langgraph-checkpoint-validation");
let tenants = 0;
const initializer = {
  checkpointerName: "RelevoCheckpointer in process",
  createCheckpointer: () =>
    new RelevoCheckpointer({ store: createMemoryStore(), tenant: `kit-${++tenants}` }),
};
specTest(initializer);
deltaChannelHistoryTests(initializer);
