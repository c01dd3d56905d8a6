import { afterAll } from "vitest";
import { createStorePool } from "./stores.ts";
import { describeArrangement } from "./suite.ts";

const stores = createStorePool();
afterAll(() => stores[Symbol.asyncDispose]());

// One pair with a database, and what only that shows. All the others, and the rest: `pairs.slow.test.ts`.
describeArrangement(
  { volatile: "process", durable: "pglite", sessions: "durable" },
  { ...stores, brief: true },
);
