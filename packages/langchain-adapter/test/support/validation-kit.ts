import type { Store } from "@relevo/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RelevoCheckpointer } from "../../src/langgraph/index.ts";

/**
 * The published kit for checkpointers, whole, and its cases for delta channels, which it does not run by itself. Its command
 * cannot import an initializer in version 1.1.1, so this calls what the command would.
 */
export async function runValidationKit(name: string, open: () => Store): Promise<void> {
  // It takes these from the globals of whichever Vitest runs it.
  Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });
  const { deltaChannelHistoryTests, specTest } = await import("@langchain/langgraph-checkpoint-validation");
  let tenants = 0;
  const initializer = {
    checkpointerName: `RelevoCheckpointer ${name}`,
    createCheckpointer: (): RelevoCheckpointer =>
      new RelevoCheckpointer({ store: open(), tenant: `kit-${++tenants}` }),
  };
  specTest(initializer);
  deltaChannelHistoryTests(initializer);
}
