import { setTimeout as sleep } from "node:timers/promises";
import type { DocumentScope } from "@relevo/core";
import { inTime } from "@relevo/store-conformance";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { type DocumentsFixture, until, useDocuments } from "./documents-support.ts";

const name = (index: number): string => String(index).padStart(4, "0");

/** So many documents in 20 namespaces, each with two tags, all of which expire. */
async function plant(fixture: DocumentsFixture, scope: DocumentScope, count: number, ttlMs: number) {
  for (let space = 0; space < 20; space++) {
    await fixture.store.documents.putMany(
      Array.from({ length: count / 20 }, (_, index) => ({
        address: { ...scope, namespace: ["n", name(space)], key: name(index) },
        value: index,
        tags: ["all", `t${index % 7}`],
        ttlMs,
      })),
    );
  }
}

/** Each try works below a prefix of its own, so that its tenants may have fixed names. */
const onServer = { tenant: "t", advance: (ms: number) => sleep(ms) };

const left = async ({ keys }: DocumentsFixture): Promise<readonly string[]> =>
  (await keys()).filter((key) => key.includes(":docs"));

/** Entries of every key of documents, whatever its type. */
async function entries(fixture: DocumentsFixture): Promise<number> {
  let sum = 0;
  for (const key of await left(fixture))
    sum += Number(await fixture.raw((await fixture.raw("TYPE", key)) === "hash" ? "HLEN" : "ZCARD", key));
  return sum;
}

/** Upkeep until there is no more. Answers how many documents went. */
async function expireAll({ store }: DocumentsFixture): Promise<number> {
  let documents = 0;
  for (;;) {
    const result = await store.maintenance.expire({ limit: 700 });
    documents += result.documents;
    if (!result.more) return documents;
  }
}

describe.skipIf(!requireService("redis", { for: "the expiry of documents in store-redis" }))(
  "documents that expire",
  () => {
    const open = useDocuments();

    it("leave no orphan: upkeep removes thousands with all that points at them, and what lives stays", async () => {
      await inTime(onServer, async ({ advance }, ttlMs) => {
        const fixture = open();
        const { documents, log } = fixture.store;
        const scopes: DocumentScope[] = [{ tenant: "a" }, { tenant: "a", session: "s" }, { tenant: "b" }];
        for (const scope of scopes) {
          // Something in each namespace lives on, so that no key goes by itself.
          for (let space = 0; space < 20; space++)
            await documents.put(
              { ...scope, namespace: ["n", name(space)], key: "stays" },
              { value: 1, tags: ["all"] },
            );
          await plant(fixture, scope, 2000, ttlMs);
        }
        expect(await entries(fixture)).toBeGreaterThan(3 * 2000 * 4);
        await advance(ttlMs);
        for (const scope of scopes) {
          const last = { ...scope, namespace: ["n", name(19)], key: name(99) };
          await until("the last one's end", async () => (await documents.get(last)) === undefined);
        }
        expect(await expireAll(fixture)).toBe(3 * 2000);
        expect(await fixture.faults()).toEqual([]);
        for (const scope of scopes) {
          const found = await documents.find(scope, { tags: { all: ["all"] }, limit: 1000 });
          expect(found.items.map(({ key }) => key)).toEqual(Array.from({ length: 20 }, () => "stays"));
          expect(await documents.find(scope, { tags: { any: ["t0", "t1"] } })).toEqual({ items: [] });
        }
        for (const { tenant, session } of scopes) {
          if (session !== undefined) await log.delete({ tenant, session });
          else
            for (let space = 0; space < 20; space++)
              await documents.delete({ tenant, namespace: ["n", name(space)], key: "stays" });
        }
        expect(await left(fixture)).toEqual([]);
      });
    });

    it("are cleaned by writes alone, faster than they pile up", async () => {
      const fixture = open();
      const { documents } = fixture.store;
      for (const scope of [{ tenant: "t" }, { tenant: "t", session: "s" }] as DocumentScope[]) {
        const at = (index: number) => ({ ...scope, namespace: ["n"], key: name(index) });
        await documents.put({ ...scope, namespace: ["n"], key: "stays" }, { value: 1 });
        for (let index = 0; index < 500; index++)
          await documents.put(at(index), { value: index, tags: ["t"], ttlMs: 1 });
        await until("the last one's end", async () => (await documents.get(at(499))) === undefined);
        await documents.put({ ...scope, namespace: ["n"], key: "stays" }, { value: 2 });
      }
      expect(await entries(fixture)).toBeLessThan(2 * (2 + 2 * 3));
      expect(await fixture.faults()).toEqual([]);
    });

    it("go by themselves when nothing else is left of their tenant, without any upkeep", async () => {
      await inTime(onServer, async ({ advance }, ttlMs) => {
        const fixture = open();
        await plant(fixture, { tenant: "t" }, 200, ttlMs);
        expect((await left(fixture)).length).toBeGreaterThan(4);
        await advance(ttlMs);
        await until("the keys' own end", async () => (await left(fixture)).length === 0);
      });
    });

    it("keep the keys of what lives for ever, also when it is written last, touched or made anew", async () => {
      const fixture = open();
      const { documents } = fixture.store;
      const at = (key: string) => ({ tenant: "t", namespace: ["n"], key });
      await documents.put(at("short"), { value: 1, ttlMs: 50, tags: ["t"] });
      await documents.put(at("ever"), { value: 1, tags: ["t"] });
      await documents.put(at("touched"), { value: 1, tags: ["t"], ttlMs: 600_000 });
      expect((await documents.touch(at("touched"), { ttlMs: null }))?.expiresAt).toBeUndefined();
      await documents.put(at("anew"), { value: 1, tags: ["old"], ttlMs: 50 });
      await documents.put(at("anew"), { value: 2, tags: ["t"] });
      await until("the short one's end", async () => (await documents.get(at("short"))) === undefined);
      // A key's own expiry came at most a second behind.
      const [hash = ""] = (await left(fixture)).filter((key) => key.endsWith(":docs"));
      expect(await fixture.raw("PTTL", hash)).toBe(-1);
      const found = await documents.find({ tenant: "t" }, { tags: { all: ["t"] } });
      expect(found.items.map(({ key }) => key)).toEqual(["anew", "ever", "touched"]);
      await expireAll(fixture);
      expect(await fixture.faults()).toEqual([]);
    });

    it("are not brought back by a late update, by a touch or by a put that expects what expired", async () => {
      const { store } = open();
      for (const session of [{}, { session: "s" }]) {
        const address = { tenant: "t", ...session, namespace: ["n"], key: "k" };
        if ("session" in session) await store.documents.put({ ...address, key: "other" }, { value: 1 });
        const { version } = await store.documents.put(address, { value: 1, tags: ["t"], ttlMs: 20 });
        await until("its end", async () => (await store.documents.get(address)) === undefined);
        await expect(
          store.documents.put(address, { value: 2 }, { expectedVersion: version }),
        ).rejects.toMatchObject({ code: "conflict", details: { conflict: "version", version: 0 } });
        expect(await store.documents.touch(address, { ttlMs: null })).toBeUndefined();
        expect(await store.documents.delete(address)).toBe(false);
        const again = await store.documents.put(address, { value: 3 }, { expectedVersion: 0 });
        expect(again.version).toBeGreaterThan(version);
        expect(again.expiresAt).toBeUndefined();
      }
    });

    it("of a session go with it: by its end, by its expiry, and by the upkeep of what lists them", async () => {
      await inTime(onServer, async ({ advance }, ttlMs) => {
        const fixture = open({ ttlMs });
        const { store } = fixture;
        for (let session = 0; session < 40; session++) {
          const scope = { tenant: "t", session: name(session) };
          const address = { ...scope, namespace: ["n"], key: "k" };
          // Longer than the session, shorter, and for as long as it.
          const ttl = [{ ttlMs: 3_600_000 }, { ttlMs: 10 }, {}][session % 3] ?? {};
          const { expiresAt = 0 } = await store.documents.put(address, { value: 1, tags: ["t"], ...ttl });
          const head = await store.log.head(scope);
          expect(expiresAt).toBeLessThanOrEqual(head?.expiresAt ?? 0);
          if (session % 4 === 0) await store.log.delete(scope);
        }
        await advance(ttlMs);
        const last = { tenant: "t", session: name(39) };
        await until("the last session's end", async () => (await store.log.head(last)) === undefined);
        for (let session = 0; session < 40; session++) {
          const scope = { tenant: "t", session: name(session) };
          expect((await store.documents.find(scope)).items).toEqual([]);
          expect((await store.documents.namespaces(scope)).items).toEqual([]);
        }
        await expireAll(fixture);
        expect(await left(fixture)).toEqual([]);
      });
    });
  },
);
