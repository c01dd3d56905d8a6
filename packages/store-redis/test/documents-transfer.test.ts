import type { TransferredDocument } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { bucketOf, createKeys } from "../src/keys.ts";
import { type DocumentsFixture, useDocuments } from "./documents-support.ts";

const tenant = "acme";
const namespace = ["users", "u1", "facts"];
const hourMicros = 3_600_000_000;

function copyOf(key: string, version: number): TransferredDocument {
  return { namespace, key, value: key, version, tags: [], metadata: {}, createdAt: 1, updatedAt: 2 };
}

/** Puts, deletes and puts again, at two addresses; each version must be above the one before. */
async function expectGrowth(
  { store: { documents } }: DocumentsFixture,
  scope: { readonly tenant: string; readonly session?: string },
  floor: number,
): Promise<number> {
  let last = floor;
  for (const key of ["a", "a", "b", "a"]) {
    const { version } = await documents.put({ ...scope, namespace, key }, { value: 1 });
    expect(version).toBeGreaterThan(last);
    await documents.delete({ ...scope, namespace, key });
    last = version;
  }
  return last;
}

describe.skipIf(!requireService("redis", { for: "documents that move to store-redis" }))(
  "documents from a store whose versions are ahead of the clock",
  () => {
    const open = useDocuments();

    it("give an owner versions above theirs, also when none of its documents is left", async () => {
      const fixture = open();
      const { store, prefix, raw, faults } = fixture;
      const { documents } = store;
      const floor = Date.now() * 1000 + hourMicros;
      await documents.importDocuments({ tenant }, { documents: [copyOf("a", floor - 5)], version: floor });
      expect(await documents.get({ tenant, namespace, key: "a" })).toMatchObject({ version: floor - 5 });
      const last = await expectGrowth(fixture, { tenant }, floor);
      const { documents: hash } = createKeys(prefix).bucket(tenant, bucketOf("users\0u1"));
      expect(await raw("HGETALL", hash)).toMatchObject({ "": `1|0|${last}` });
      // Until the clock has passed it.
      const left = Number(await raw("PTTL", hash));
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(hourMicros / 1000 + 2);
      const page = await documents.exportDocuments({ tenant });
      expect(page).toEqual({ documents: [], version: 0 });
      await documents.put({ tenant, namespace, key: "b" }, { value: 1 });
      expect(Number(await raw("PTTL", hash))).toBe(-1);
      expect((await documents.exportDocuments({ tenant }))?.version).toBe(last + 1);
      expect(await faults()).toEqual([]);
    });

    it("give a session versions above theirs, also when they bring no document", async () => {
      const fixture = open();
      const { store } = fixture;
      const scope = { tenant, session: "s" };
      const { incarnation } = await store.log.append(scope, [{ type: "x-note", body: 1 }]);
      const floor = Date.now() * 1000 + hourMicros;
      const empty = { incarnation, documents: [], version: floor };
      await expect(store.documents.importDocuments(scope, empty)).rejects.toMatchObject({ code: "conflict" });
      await store.log.seal(scope);
      await store.documents.importDocuments(scope, empty);
      await store.log.unseal(scope);
      const last = await expectGrowth(fixture, scope, floor);
      expect((await store.documents.exportDocuments(scope))?.version).toBe(last);
      // It is known already: nothing is changed.
      await store.documents.importDocuments(scope, empty);
    });

    it("are forgotten when the clock has passed them", async () => {
      const fixture = open();
      const { store, prefix, raw } = fixture;
      const { documents: hash } = createKeys(prefix).bucket(tenant, bucketOf("users\0u1"));
      await store.documents.put({ tenant, namespace, key: "a" }, { value: 1 });
      await raw("HSET", hash, "", `1|0|${Date.now() * 1000 - hourMicros}`);
      await store.documents.put({ tenant, namespace, key: "b" }, { value: 1 });
      expect(await raw("HGET", hash, "")).toBe("1|0");
    });

    it("keep times before 1970", async () => {
      const { store } = open();
      const copy = { ...copyOf("old", 3), createdAt: -5, updatedAt: -4 };
      await store.documents.importDocuments({ tenant }, { documents: [copy], version: 3 });
      expect(await store.documents.get({ tenant, namespace, key: "old" })).toEqual(copy);
      const { items } = await store.documents.find({ tenant });
      expect(items).toEqual([copy]);
      expect((await store.documents.exportDocuments({ tenant }))?.documents).toEqual([copy]);
      const gone = { ...copyOf("gone", 3), expiresAt: -1 };
      const result = await store.documents.importDocuments({ tenant }, { documents: [gone], version: 3 });
      expect(result).toEqual({ imported: 0, unchanged: 0, expired: 1 });
    });
  },
);
