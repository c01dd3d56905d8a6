import type { DocumentAddress, DocumentSources } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { createRedisStore, type RedisClient } from "../src/index.ts";
import { bucketOf, createKeys } from "../src/keys.ts";
import { type DocumentsFixture, until, useDocuments } from "./documents-support.ts";
import { patient } from "./servers.ts";

const tenant = "acme";
const session = { tenant, session: "s" };
const note = { type: "x-note" as const, body: 1 };

function fact(key: string, inSession?: string): DocumentAddress {
  const place = { tenant, namespace: ["users", "u1", "facts"], key };
  return inSession === undefined ? place : { ...place, session: inSession };
}

/** The first event of the session, which is appended when it is not there. */
async function firstEvent({ store }: DocumentsFixture): Promise<DocumentSources> {
  if ((await store.log.head(session)) === undefined) await store.log.append(session, [note, note]);
  const { incarnation = "", removalRevision } = await store.log.read(session);
  return { events: { session: "s", incarnation, removalRevision, ranges: [{ from: 1, to: 1 }] } };
}

async function sourceKeys({ keys }: DocumentsFixture): Promise<readonly string[]> {
  return (await keys()).filter((key) => key.endsWith(":sources"));
}

describe.skipIf(!requireService("redis", { for: "derived documents in store-redis" }))(
  "documents that are derived",
  () => {
    const open = useDocuments();

    it.each<readonly [string, string | undefined, (fixture: DocumentsFixture) => Promise<unknown>]>([
      ["a delete", undefined, ({ store }) => store.documents.delete(fact("k"))],
      ["a delete in a session", "t", ({ store }) => store.documents.delete(fact("k", "t"))],
      ["a put without sources", undefined, ({ store }) => store.documents.put(fact("k"), { value: 2 })],
      ["one in a session", "t", ({ store }) => store.documents.put(fact("k", "t"), { value: 2 })],
      [
        "the erasure of the source",
        undefined,
        ({ store }) => store.log.erase(session, { seqs: [{ from: 1, to: 1 }] }),
      ],
      [
        "one of a document in a session",
        "t",
        ({ store }) => store.log.erase(session, { seqs: [{ from: 1, to: 1 }] }),
      ],
      ["the end of the session", "t", ({ store }) => store.log.delete({ tenant, session: "t" })],
      [
        "expiry and upkeep",
        undefined,
        async ({ store }) => {
          await store.documents.touch(fact("k"), { ttlMs: 1 });
          await until("the expiry", async () => (await store.documents.get(fact("k"))) === undefined);
          await store.maintenance.expire();
        },
      ],
      [
        "the expiry of the session and upkeep",
        "t",
        async ({ store }) => {
          const address = { tenant, session: "t" };
          await store.log.touch(address, { ttlMs: 1 });
          await until("the expiry", async () => (await store.log.head(address)) === undefined);
          await store.maintenance.expire();
        },
      ],
    ])("leave nothing in an index after %s", async (_, inSession, end) => {
      const fixture = open();
      const derivedFrom = await firstEvent(fixture);
      await fixture.store.documents.put(fact("k", inSession), { value: 1, derivedFrom });
      expect(await sourceKeys(fixture)).toHaveLength(1);
      await end(fixture);
      expect(await sourceKeys(fixture)).toEqual([]);
      expect(await fixture.faults()).toEqual([]);
    });

    it("keep their entries through a touch and beside other writes, and one for each source", async () => {
      const fixture = open();
      const { documents } = fixture.store;
      const { version } = await documents.put(fact("source"), { value: 1 });
      const { namespace, key } = fact("source");
      const derivedFrom = { ...(await firstEvent(fixture)), documents: [{ namespace, key, version }] };
      await documents.put(fact("k"), { value: 1, tags: ["a", "b"], derivedFrom });
      await documents.touch(fact("k"), { ttlMs: 600_000 });
      await documents.put(fact("other"), { value: 1, tags: ["a"] });
      expect(await fixture.faults()).toEqual([]);
      const [index = ""] = await sourceKeys(fixture);
      expect(await fixture.raw("ZCARD", index)).toBe(2);
      expect(await documents.get(fact("k"))).toMatchObject({ tags: ["a", "b"], derivedFrom });
    });

    it("outlive their index neither when all of them expire nor when others live longer", async () => {
      const fixture = open();
      const { store, raw } = fixture;
      const derivedFrom = await firstEvent(fixture);
      const index = createKeys(fixture.prefix).bucket(tenant, bucketOf("users\0u1")).ownerSources;
      await store.documents.put(fact("short"), { value: 1, derivedFrom, ttlMs: 600_000 });
      expect(Number(await raw("PTTL", index))).toBeGreaterThan(590_000);
      await store.documents.put(fact("long"), { value: 1, derivedFrom });
      expect(await raw("PTTL", index)).toBe(-1);
      await store.documents.delete(fact("long"));
      expect(Number(await raw("PTTL", index))).toBeGreaterThan(590_000);
      await store.documents.touch(fact("short"), { ttlMs: null });
      expect(await raw("PTTL", index)).toBe(-1);
    });

    it("go however many they are, and those derived from other events stay", async () => {
      const fixture = open();
      const { documents, log } = fixture.store;
      const derivedFrom = await firstEvent(fixture);
      const spared = { events: { ...derivedFrom.events, ranges: [{ from: 2, to: 2 }] } } as DocumentSources;
      const writes = Array.from({ length: 260 }, (_, index) => ({
        address: fact(`${index}`.padStart(3, "0")),
        value: index,
        derivedFrom: index % 13 === 0 ? spared : derivedFrom,
      }));
      for (let from = 0; from < writes.length; from += 65)
        await documents.putMany(writes.slice(from, from + 65));
      const { documents: erased } = await log.erase(session, { seqs: [{ from: 1, to: 1 }] });
      expect(erased).toHaveLength(240);
      const left = await documents.find({ tenant }, { limit: 100 });
      expect(left.items.map(({ value }) => value)).toEqual(Array.from({ length: 20 }, (_, at) => at * 13));
      expect(await fixture.faults()).toEqual([]);
    });

    it("are found behind a proxy that takes keys of one slot only, and without one by one command", async () => {
      const fixture = open();
      const derivedFrom = await firstEvent(fixture);
      const refused: number[] = [];
      const client: RedisClient = {
        sendCommand(args) {
          const isAcross = args[0] === "EVALSHA" && args[2] === "32";
          if (!isAcross) return fixture.raw(...args.map(String));
          refused.push(args.length);
          return Promise.reject(new Error("CROSSSLOT Keys in request don't hash to the same slot"));
        },
      };
      await using store = createRedisStore({ client, prefix: fixture.prefix, ...patient });
      for (const key of ["a", "b"]) {
        await store.documents.put(fact(key), { value: 1, derivedFrom });
        await store.documents.put(fact("plain"), { value: 1 });
        await store.documents.delete(fact("plain"));
      }
      await store.log.erase(session, { seqs: [{ from: 1, to: 1 }] });
      expect(await sourceKeys(fixture)).toEqual([]);
      expect(refused).toHaveLength(1);
      const { calls } = await fixture.costOf(() => fixture.store.documents.delete(fact("none")));
      expect(calls.get("evalsha")).toBe(2);
    });

    it("cost other puts nothing", async () => {
      const fixture = open();
      const { store } = fixture;
      const derivedFrom = await firstEvent(fixture);
      const putPlain = async (): Promise<unknown> => store.documents.put(fact("plain"), { value: 1 });
      await putPlain();
      const before = await fixture.costOf(putPlain);
      await store.documents.put(fact("k"), { value: 1, derivedFrom });
      expect((await fixture.costOf(putPlain)).calls).toEqual(before.calls);
    });
  },
);
