import { requireService } from "@relevo/test-services";
import { afterAll, describe } from "vitest";
import { createStorePool, type StoreKind } from "./stores.ts";
import { type Arrangement, describeArrangement } from "./suite.ts";

const kinds: readonly StoreKind[] = ["process", "pglite", "redis", "postgres"];
const services: { readonly [kind: string]: "redis" | "postgres" } = { redis: "redis", postgres: "postgres" };

const arrangements: readonly Arrangement[] = kinds.flatMap((volatile) => [
  { store: volatile },
  ...kinds
    .filter((durable) => durable !== volatile)
    .flatMap((durable) =>
      (["volatile", "durable"] as const).map((sessions) => ({ volatile, durable, sessions })),
    ),
]);

const { open, ...stores } = createStorePool();
afterAll(() => stores[Symbol.asyncDispose]());

for (const arrangement of arrangements) {
  const needed = Object.values(arrangement).flatMap((kind) => services[kind] ?? []);
  const available = needed.every((service) =>
    requireService(service, { for: "memory on every pair of stores" }),
  );
  // Before every single call: `kills.slow.test.ts`, in the process.
  const kills =
    "store" in arrangement ? { killStep: 19 } : arrangement.sessions === "durable" ? { killStep: 41 } : {};
  describe.skipIf(!available)("on", () => describeArrangement(arrangement, { open, ...kills }));
}
