import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { expand } from "../src/index.ts";

it("expand gives back what a summary of a very long range stands for, in a bounded stack", async () => {
  await using store = createMemoryStore();
  const address = { tenant: "acme", session: "long" };
  // More than fit on a stack as the arguments of one call.
  const pages = 200;
  const page = Array.from({ length: 1000 }, (_, n) => ({
    type: "message" as const,
    body: { role: "user" as const, content: `${n}` },
  }));
  for (let n = 0; n < pages; n++) await store.log.append(address, page);
  const { version } = await store.log.append(address, [
    {
      type: "summary",
      body: { text: "long", sourceHash: "h", strategy: "s", tokensBefore: 1, tokensAfter: 1 },
      derivedFrom: [{ from: 1, to: pages * 1000 }],
    },
  ]);
  expect(await expand(store.log, address, version)).toHaveLength(pages * 1000);
});
