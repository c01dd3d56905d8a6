import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { bucketOf, createKeys } from "../src/keys.ts";
import { useDocuments } from "./documents-support.ts";

const address = { tenant: "acme", session: "s" };
const inSession = { ...address, namespace: ["working"], key: "a" };
const alone = { tenant: "acme", namespace: ["users", "u1", "facts"], key: "k" };
const operation = { id: "one", fingerprint: "x" };

describe.skipIf(!requireService("redis", { for: "operations of documents in store-redis" }))(
  "operations of document writes",
  () => {
    const open = useDocuments();

    it("of an owner are forgotten after a day, and not before", async () => {
      const { store, prefix, raw } = open();
      const { documents } = store;
      const { ownerOperations } = createKeys(prefix).bucket(alone.tenant, bucketOf("users\0u1"));
      const first = await documents.put(alone, { value: 1 }, { operation });
      const endDay = async (id: string): Promise<void> => {
        await raw("HSET", ownerOperations, "", "1");
        await documents.put(alone, { value: id }, { operation: { id, fingerprint: "x" } });
      };
      await endDay("two");
      expect(await documents.put(alone, { value: 1 }, { operation })).toEqual(first);
      expect(Number(await raw("PTTL", ownerOperations))).toBeGreaterThan(24 * 3_600_000);
      await endDay("three");
      const again = await documents.put(alone, { value: 1 }, { operation });
      expect(again.version).toBeGreaterThan(first.version);
    });

    it("of a session are counted with those of its log, and stay behind when it moves", async () => {
      const { store, prefix, raw } = open();
      const { log, documents } = store;
      const { operations } = createKeys(prefix).session(address.tenant, address.session);
      await log.append(address, [{ type: "x-note", body: 1 }], { operation });
      const first = await documents.put(inSession, { value: 1 }, { operation });
      expect(await documents.put(inSession, { value: 1 }, { operation })).toEqual(first);
      await log.seal(address);
      const batch = await log.exportEvents(address);
      expect(batch?.operations.map(({ id }) => id)).toEqual(["one"]);
      await log.unseal(address);
      await raw("HDEL", operations, "\0one");
      await expect(documents.put(inSession, { value: 1 }, { operation })).rejects.toMatchObject({
        code: "history-lost",
        details: { reason: "incomplete" },
      });
    });

    it.each(["garbage", "|", "|put", "|put,x,0", "|other,1"])("that read %j are corrupt", async (row) => {
      const { store, prefix, raw } = open();
      const { ownerOperations } = createKeys(prefix).bucket(alone.tenant, bucketOf("users\0u1"));
      await store.documents.put(alone, { value: 1 }, { operation });
      await raw("HSET", ownerOperations, "users\0\u0001u1\0\0one", row);
      await expect(store.documents.put(alone, { value: 1 }, { operation })).rejects.toMatchObject({
        code: "corrupt",
      });
    });
  },
);
