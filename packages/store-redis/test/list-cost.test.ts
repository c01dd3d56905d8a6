import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import type { RedisStore } from "../src/index.ts";
import { buckets } from "../src/keys.ts";
import { until, useDocuments } from "./documents-support.ts";

const note = { type: "x-note" as const, body: "one" };
const name = (index: number): string => `s-${String(index).padStart(5, "0")}`;

async function fill(
  { log }: RedisStore,
  from: number,
  to: number,
  ttlMs: number | null = null,
): Promise<void> {
  for (let index = from; index < to; index += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, offset) =>
        log.append({ tenant: "acme", session: name(index + offset) }, [note], { ttlMs }),
      ),
    );
}

describe.skipIf(!requireService("redis", { for: "the cost of a list in store-redis" }))(
  "a list of sessions or namespaces",
  () => {
    const open = useDocuments();

    it("of the namespaces of one owner asks the one bucket that it is in", async () => {
      const { store, costOf } = open();
      for (const agent of ["a", "b"])
        await store.documents.put({ tenant: "acme", namespace: ["app", "x", agent], key: "k" }, { value: 1 });
      const scripts = async (prefix: readonly string[]): Promise<number | undefined> => {
        const { calls } = await costOf(async () => {
          const { items } = await store.documents.namespaces({ tenant: "acme" }, { prefix });
          expect(items.map((namespace) => namespace[2])).toEqual(["a", "b"]);
        });
        return calls.get("evalsha") ?? calls.get("evalsha_ro");
      };
      const all = (await scripts(["app"])) ?? 0;
      expect(await scripts(["app", "*"])).toBe(all);
      expect(all - ((await scripts(["app", "x"])) ?? 0)).toBe(buckets - 1);
    });

    it("looks at as many heads as it lists, and one more", async () => {
      const { store, costOf } = open();
      await fill(store, 0, 2000);
      for (const limit of [1, 20, 100]) {
        const { calls } = await costOf(() => store.log.list("acme", { limit }));
        expect(calls.get("lindex")).toBe(limit + 1);
        expect(calls.get("zrangebylex")).toBe(buckets);
      }
      // From page to page none is looked at again, but the one with which the next begins.
      const seen: string[] = [];
      const { calls } = await costOf(async () => {
        for (let cursor: string | undefined; ; ) {
          const page = await store.log.list("acme", {
            limit: 100,
            ...(cursor === undefined ? {} : { cursor }),
          });
          seen.push(...page.items.map(({ session }) => session));
          cursor = page.cursor;
          if (cursor === undefined) return;
        }
      });
      expect(seen).toEqual(Array.from({ length: 2000 }, (_, index) => name(index)));
      expect(calls.get("lindex")).toBe(2000 + 19);
    });

    it("looks at twice as many each time that many are gone", async () => {
      const { store, costOf } = open();
      // All of these go before those that stay.
      await fill(store, 0, 1800, 100);
      await fill(store, 1800, 1900);
      const last = { tenant: "acme", session: name(1799) };
      await until("their end", async () => (await store.log.head(last)) === undefined);
      let found: readonly string[] = [];
      const { calls } = await costOf(async () => {
        const { items } = await store.log.list("acme", { limit: 10 });
        found = items.map(({ session }) => session);
      });
      expect(found).toEqual(Array.from({ length: 10 }, (_, index) => name(1800 + index)));
      // Ten a step would take a hundred and eighty steps.
      expect(calls.get("lindex")).toBeLessThanOrEqual(1900);
      expect(calls.get("zrangebylex")).toBeLessThanOrEqual(buckets * 6);
    });
  },
);
