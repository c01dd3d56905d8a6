import { requireService } from "@relevo/test-services";
import { afterAll, describe, expect, it } from "vitest";
import { createStorePool } from "../pairs/stores.ts";
import { readBehindPin } from "./pinned-cost.ts";

const { open, ...stores } = createStorePool();
afterAll(() => stores[Symbol.asyncDispose]());

for (const kind of ["redis", "postgres"] as const) {
  const available = requireService(kind, { for: "what retention reads" });
  describe.skipIf(!available)(kind, () => {
    it("a run behind a pinned message reads what it removes and a bounded number of other events", async () => {
      const { store } = await open(kind, 0);
      for (const removed of [10, 100, 1000]) {
        const derived = removed === 1000 ? "keep" : "erase";
        const { first, plan, second } = await readBehindPin(store, removed, `tenant-${removed}`, { derived });
        expect(first, `${removed}: first`).toBeLessThanOrEqual(removed + 110);
        expect(plan, `${removed}: plan`).toBeLessThanOrEqual(110);
        expect(second, `${removed}: second`).toBeLessThanOrEqual(111);
      }
    });
  });
}
