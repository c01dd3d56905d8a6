import type { DocumentBatch, TransferredDocument } from "@relevo/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMemoryStore, type MemoryStore } from "../src/index.ts";

const session = { tenant: "acme", session: "s" };
const message = { type: "message", body: { role: "user", content: "x" } } as const;

function document(namespace: readonly string[], key: string): TransferredDocument {
  const times = { version: 1, createdAt: 1000, updatedAt: 1000 };
  return { namespace, key, value: key, tags: [], metadata: {}, ...times };
}

let store: MemoryStore;
beforeEach(() => {
  store = createMemoryStore({ sweepIntervalMs: 0 });
});
afterEach(() => store.close());

describe("imported documents", () => {
  const documents = [document(["users", "u1"], "a"), document(["users", "u2"], "a")];

  it("of one time and one version are told apart by every index", async () => {
    await store.documents.importDocuments({ tenant: "acme" }, { version: 1, documents });
    const since = async (): Promise<readonly (string | undefined)[]> => {
      const { items } = await store.documents.find({ tenant: "acme" }, { updatedSince: 1000 });
      return items.map(({ namespace }) => namespace[1]);
    };
    expect(await since()).toEqual(["u1", "u2"]);
    await store.documents.delete({ tenant: "acme", namespace: ["users", "u1"], key: "a" });
    expect(await since()).toEqual(["u2"]);
  });

  it("raise the versions of a tenant that holds nothing afterwards", async () => {
    const expired = { version: 7, documents: [{ ...document(["n"], "k"), expiresAt: 1 }] };
    const result = await store.documents.importDocuments({ tenant: "acme" }, expired);
    expect(result).toEqual({ imported: 0, unchanged: 0, expired: 1 });
    expect((await store.maintenance.tenants()).items).toEqual([]);
    const { version } = await store.documents.put(
      { tenant: "acme", namespace: ["n"], key: "k" },
      { value: 1 },
    );
    expect(version).toBe(8);
  });

  it("do not come into a session whose history was evicted", async () => {
    const { incarnation } = await store.log.append(session, [message]);
    const batch: DocumentBatch = { incarnation, version: 1, documents: [document(["n"], "k")] };
    expect(store.evict(session)).toBe(true);
    await expect(store.documents.importDocuments(session, batch)).rejects.toMatchObject({
      code: "history-lost",
    });
    await expect(store.documents.exportDocuments(session)).rejects.toMatchObject({ code: "history-lost" });
  });

  it("count against the bounds of the store like others", async () => {
    await using small = createMemoryStore({ sweepIntervalMs: 0, maxDocuments: 1 });
    await small.documents.importDocuments({ tenant: "acme" }, { version: 1, documents });
    expect(small.stats()).toMatchObject({ documents: 1, evictedDocuments: 1 });
    const batch = { version: 1, documents: ["a", "b"].map((key) => document(["users", "u1"], key)) };
    await expect(small.documents.importDocuments({ tenant: "acme" }, batch)).rejects.toMatchObject({
      code: "too-large",
      details: { limit: "maxDocuments" },
    });
  });
});
