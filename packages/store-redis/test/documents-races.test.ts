import { type Document, type DocumentAddress, type JsonValue, MemoryError, type Store } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { useDocuments } from "./documents-support.ts";

async function isConflict(call: Promise<unknown>): Promise<boolean> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return false;
  if (!MemoryError.isInstance(error, "conflict")) throw error;
  expect(error.outcome).toBe("not-applied");
  return true;
}

describe.skipIf(!requireService("redis", { for: "races of documents of store-redis" }))(
  "two clients on one address",
  () => {
    const open = useDocuments();

    it.each([{}, { session: "s" }])("compare and set exactly, with %o", async (session) => {
      const { store, other, faults } = open();
      const address = { tenant: "t", ...session, namespace: ["counters"], key: "k" };
      const wins = new Map<Store, number>([
        [store, 0],
        [other, 0],
      ]);
      const each = 60;
      const count = async (one: Store): Promise<void> => {
        for (let done = 0; done < each; ) {
          const before = await one.documents.get(address);
          const value = ((before?.value as number | undefined) ?? 0) + 1;
          const options = { expectedVersion: before?.version ?? 0 };
          const tags = [`n${value}`];
          if (await isConflict(one.documents.put(address, { value, tags }, options))) continue;
          done++;
          wins.set(one, (wins.get(one) ?? 0) + 1);
        }
      };
      await Promise.all([count(store), count(other), count(store), count(other)]);
      expect((await store.documents.get(address))?.value).toBe(4 * each);
      expect([...wins.values()]).toEqual([2 * each, 2 * each]);
      expect(await faults()).toEqual([]);
    });

    it("create one document, and the one that expects none is refused", async () => {
      const { store, other, faults } = open();
      for (let round = 0; round < 30; round++) {
        const address = { tenant: "t", namespace: ["n"], key: `k${round}` };
        const create = (one: Store): Promise<boolean> =>
          isConflict(
            one.documents.put(address, { value: round, tags: [`r${round}`] }, { expectedVersion: 0 }),
          );
        const refused = await Promise.all([store, other, store, other].map(create));
        expect(refused.filter((one) => !one)).toHaveLength(1);
      }
      expect(await faults()).toEqual([]);
    });

    it("delete once: one of them is told that there was one, and no late update brings it back", async () => {
      const { store, other, keys, faults } = open();
      for (const session of [{}, { session: "s" }]) {
        for (let round = 0; round < 30; round++) {
          const address = { tenant: "t", ...session, namespace: ["n"], key: `k${round}` };
          const { version } = await store.documents.put(address, { value: round, tags: ["t"] });
          const [first, second, late] = await Promise.all([
            store.documents.delete(address),
            other.documents.delete(address),
            isConflict(store.documents.put(address, { value: "late" }, { expectedVersion: version })),
          ]);
          // The update came before both, and one of them removed what it wrote; or behind one, and was refused.
          expect([first, second].filter(Boolean)).toHaveLength(1);
          expect(typeof late).toBe("boolean");
          expect(
            await isConflict(other.documents.put(address, { value: 1 }, { expectedVersion: version })),
          ).toBe(true);
          expect(await store.documents.get(address)).toBeUndefined();
          expect(await store.documents.touch(address, { ttlMs: null })).toBeUndefined();
          const again = await store.documents.put(address, { value: 2 }, { expectedVersion: 0 });
          expect(again.version).toBeGreaterThan(version);
          expect(await store.documents.delete(address, { expectedVersion: version }).catch(String)).toMatch(
            /version/u,
          );
          await store.documents.delete(address);
        }
      }
      expect(await faults()).toEqual([]);
      expect((await keys()).filter((key) => key.includes(":docs"))).toEqual([]);
    });

    it("an update in flight of a session that ends never outlives it", async () => {
      const { store, other, keys } = open();
      for (let round = 0; round < 30; round++) {
        const session = { tenant: "t", session: `s${round}` };
        const address = { ...session, namespace: ["n"], key: "k" };
        const made = await store.documents.put(address, { value: 1, tags: ["t"], ttlMs: 600_000 });
        const { incarnation = "" } = made;
        const [, late] = await Promise.all([
          store.log.delete(session),
          other.documents.put(address, { value: 2, tags: ["late"] }, { incarnation }).catch((error) => error),
        ]);
        if (MemoryError.isInstance(late)) expect(late.code).toBe("history-lost");
        expect(await other.documents.get(address)).toBeUndefined();
        expect((await other.documents.find(session)).items).toEqual([]);
        expect(await other.log.head(session)).toBeUndefined();
      }
      expect((await keys()).filter((key) => key.includes(":docs"))).toEqual([]);
    });

    it("several are written and read at one moment", async () => {
      const { store, other, faults } = open();
      for (const session of [{}, { session: "s" }]) {
        const names = ["a", "b", "c", "d", "e"];
        const addresses: DocumentAddress[] = names.map((key) => ({
          tenant: "t",
          ...session,
          namespace: ["n"],
          key,
        }));
        const write = async (one: Store, value: JsonValue, order: readonly DocumentAddress[]) => {
          for (let round = 0; round < 40; round++) {
            const written = { round, by: value };
            const tags = [`by-${String(value)}`];
            await one.documents.putMany(order.map((address) => ({ address, value: written, tags })));
          }
        };
        let writing = true;
        let torn = 0;
        const read = async (): Promise<void> => {
          while (writing) {
            const found = await other.documents.getMany(addresses);
            if (new Set(found.map((one) => JSON.stringify(one?.value))).size !== 1) torn++;
          }
        };
        const reading = [read(), read()];
        await Promise.all([write(store, "x", addresses), write(other, "y", [...addresses].reverse())]);
        writing = false;
        await Promise.all(reading);
        expect(torn).toBe(0);
      }
      expect(await faults()).toEqual([]);
    });

    it("a find among writers returns what each document says, in order, each once", async () => {
      const { store, other } = open();
      const keys = Array.from({ length: 200 }, (_, index) => `k${String(index).padStart(3, "0")}`);
      const at = (key: string): DocumentAddress => ({ tenant: "t", namespace: ["n", key.slice(-1)], key });
      for (const key of keys) await store.documents.put(at(key), { value: "odd", tags: ["odd"] });
      let writing = true;
      const write = async (): Promise<void> => {
        for (let turn = 0; turn < 600; turn++) {
          const word = turn % 2 === 0 ? "even" : "odd";
          await other.documents.put(at(keys[(turn * 7) % 200] ?? ""), { value: word, tags: [word] });
        }
        writing = false;
      };
      const wrong: Document[] = [];
      let finds = 0;
      const read = async (): Promise<void> => {
        while (writing) {
          const page = await store.documents.find({ tenant: "t" }, { tags: { all: ["even"] }, limit: 1000 });
          wrong.push(...page.items.filter(({ value, tags }) => value !== "even" || tags[0] !== "even"));
          expect(new Set(page.items.map(({ key }) => key)).size).toBe(page.items.length);
          finds++;
        }
      };
      await Promise.all([write(), read()]);
      expect(wrong).toEqual([]);
      expect(finds).toBeGreaterThan(5);
    });
  },
);
