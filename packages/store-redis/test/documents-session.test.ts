import { type DocumentAddress, MemoryError } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { createKeys } from "../src/keys.ts";
import { type DocumentsFixture, useDocuments } from "./documents-support.ts";

const session = { tenant: "t", session: "s" };
const at = (key: string): DocumentAddress => ({ ...session, namespace: ["n"], key });
const says = (text: string) => ({ type: "message", body: { role: "user", content: text } }) as const;

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    if (!MemoryError.isInstance(error)) throw error;
    return error.code;
  }
}

async function fill({ store }: DocumentsFixture): Promise<string> {
  const { incarnation } = await store.log.append(session, [says("1"), says("2")]);
  for (const key of ["a", "b", "c"])
    await store.documents.put(at(key), { value: key, tags: ["t"], ttlMs: 600_000 });
  return incarnation;
}

describe.skipIf(!requireService("redis", { for: "documents of sessions in store-redis" }))(
  "documents of a session",
  () => {
    const open = useDocuments();

    it("lie in the slot of its log, and are counted in its head", async () => {
      const fixture = open();
      await fill(fixture);
      const keys = (await fixture.keys()).filter((key) => !/:tenants(?:\}:seen)?$/u.test(key));
      const tags = new Set(keys.map((key) => /^\{[^}]*\}/u.exec(key)?.[0]));
      expect(tags.size).toBe(1);
      const { log, documents, documentOrder } = createKeys(fixture.prefix).session("t", "s");
      for (const count of [3, 2, 1, 0]) {
        expect(await fixture.raw("ZCARD", documentOrder)).toBe(count);
        const head = String(await fixture.raw("LINDEX", log, "-1")).split("|");
        expect(Number((head[16] ?? "").split(".")[0])).toBe(await fixture.raw("HLEN", documents));
        const [first] = (await fixture.store.documents.find(session, { limit: 1 })).items;
        if (first === undefined) continue;
        const { namespace, key } = first;
        await fixture.store.documents.delete({ ...session, namespace, key });
      }
      expect(await fixture.faults()).toEqual([]);
    });

    it("are found by one call of the server, as those of one owner are, whatever is there", async () => {
      const fixture = open();
      await fill(fixture);
      const { documents } = fixture.store;
      for (const key of ["a", "b"])
        await documents.put({ tenant: "t", namespace: ["users", "ana"], key }, { value: key });
      const calls: readonly (() => Promise<readonly unknown[]>)[] = [
        ...[["n"], ["nothing"]].map(
          (namespace) => async () => (await documents.find(session, { namespace })).items,
        ),
        ...["forward" as const, "backward" as const].map((direction) => async () => {
          const found = await documents.find(session, { direction, limit: 2 });
          const rest = await documents.find(session, { direction, limit: 2, cursor: found.cursor ?? "" });
          return [...found.items, ...rest.items];
        }),
        async () => (await documents.find({ tenant: "t" }, { namespacePrefix: ["users", "ana"] })).items,
        async () => (await documents.find({ tenant: "t" }, { namespace: ["users", "bo"] })).items,
        async () => Array.from({ length: await documents.count(session) }),
        async () =>
          Array.from({ length: await documents.count({ tenant: "t" }, { namespace: ["users", "ana"] }) }),
      ];
      const costs: unknown[] = [];
      for (const call of calls) {
        await call();
        let found = 0;
        const cost = await fixture.costOf(async () => {
          found = (await call()).length;
        });
        costs.push([found, cost.calls.get("evalsha"), cost.calls.get("hmget")]);
      }
      expect(costs).toEqual([
        [3, 1, undefined],
        [0, 1, undefined],
        [3, 2, undefined],
        [3, 2, undefined],
        [2, 1, undefined],
        [0, 1, undefined],
        [3, 1, undefined],
        [2, 1, undefined],
      ]);
    });

    it.each(["documents", "documentOrder", "documentTags", "documentsExpiring"] as const)(
      "whose key %s is lost are history-lost until the session is deleted",
      async (lost) => {
        const fixture = open();
        const { store } = fixture;
        const incarnation = await fill(fixture);
        await fixture.raw("DEL", createKeys(fixture.prefix).session("t", "s")[lost]);
        const { documents: port } = store;
        // What finds look at is lost: nothing may look as though it had never been there.
        expect(await codeOf(port.find(session))).toBe("history-lost");
        expect(await codeOf(port.find(session, { tags: { any: ["t"] } }))).toBe("history-lost");
        expect(await codeOf(port.count(session))).toBe("history-lost");
        expect(await codeOf(port.namespaces(session))).toBe("history-lost");
        if (lost === "documents") expect(await codeOf(port.get(at("a")))).toBe("history-lost");
        if (lost === "documents")
          expect(await codeOf(port.getMany([at("a"), at("none")]))).toBe("history-lost");
        expect(await codeOf(port.put(at("d"), { value: 1 }))).toBe("history-lost");
        expect(await codeOf(port.put(at("d"), { value: 1 }, { incarnation }))).toBe("history-lost");
        expect(await codeOf(port.touch(at("a"), { ttlMs: null }))).toBe("history-lost");
        expect(await codeOf(port.delete(at("a")))).toBe("history-lost");
        expect(await store.log.delete(session)).toBe(true);
        expect(await codeOf(port.put(at("d"), { value: 1 }, { incarnation }))).toBe("history-lost");
        const fresh = await port.put(at("d"), { value: 1 });
        expect(fresh.incarnation).not.toBe(incarnation);
        expect((await port.find(session)).items).toEqual([fresh]);
        expect(await fixture.faults()).toEqual([]);
      },
    );

    it("whose log is lost are not shown, and not written to", async () => {
      const fixture = open();
      const incarnation = await fill(fixture);
      await fixture.raw("DEL", createKeys(fixture.prefix).session("t", "s").log);
      const { documents } = fixture.store;
      for (const call of [
        documents.get(at("a")),
        documents.getMany([at("a")]),
        documents.find(session),
        documents.namespaces(session),
        documents.put(at("a"), { value: 1 }),
        documents.put(at("a"), { value: 1 }, { incarnation }),
        documents.deleteMany([{ address: at("a") }]),
      ])
        expect(await codeOf(call)).toBe("history-lost");
    });

    it("look at the incarnation first, then the seal, the fence and the version", async () => {
      const { store } = open();
      const { version } = await store.documents.put(at("k"), { value: 1 });
      const { incarnation = "" } = (await store.documents.get(at("k"))) ?? {};
      const { fence } = await store.leases.acquire(session, { ttlMs: 60_000 });
      const all = { expectedVersion: version + 1, fence: fence + 1 };
      const refusal = async (options: object): Promise<unknown> => {
        const error: unknown = await store.documents
          .put(at("k"), { value: 2 }, options)
          .catch((reason) => reason);
        if (!MemoryError.isInstance(error)) throw new Error("It was not refused.");
        expect(error.outcome).toBe("not-applied");
        return error.code === "conflict" ? error.details.conflict : error.code;
      };
      await store.log.seal(session);
      expect(await refusal({ ...all, incarnation: "other" })).toBe("history-lost");
      expect(await refusal({ ...all, incarnation })).toBe("sealed");
      await store.log.unseal(session);
      expect(await refusal({ ...all, incarnation })).toBe("fence");
      expect(await refusal({ ...all, incarnation, fence })).toBe("version");
      const done = await store.documents.put(
        at("k"),
        { value: 2 },
        { incarnation, fence, expectedVersion: version },
      );
      expect(await store.documents.get(at("k"))).toEqual(done);
    });

    it("create their session once when two clients put the first ones at once", async () => {
      const { store, other, faults } = open();
      for (let round = 0; round < 30; round++) {
        const scope = { tenant: "t", session: `r${round}` };
        const made = await Promise.all(
          [store, other, store].map((one, index) =>
            one.documents.put(
              { ...scope, namespace: ["n"], key: `k${index}` },
              { value: index },
              { init: { subject: `owner-${index}`, metadata: { index } } },
            ),
          ),
        );
        expect(new Set(made.map(({ incarnation }) => incarnation)).size).toBe(1);
        const head = await store.log.head(scope);
        expect(head).toMatchObject({ version: 0, events: 0, incarnation: made[0]?.incarnation });
        // Of one of them, whole.
        expect(head?.subject).toBe(`owner-${String(head?.metadata.index)}`);
        expect((await other.documents.find(scope)).items).toHaveLength(3);
      }
      expect(await faults()).toEqual([]);
    });

    it("move neither version nor revision nor idle time of the session", async () => {
      const { store } = open({ ttlMs: 60_000 });
      await store.log.append(session, [says("1")]);
      const before = await store.log.head(session);
      await store.documents.put(at("k"), { value: 1, tags: ["t"] });
      await store.documents.touch(at("k"), { ttlMs: 1000 });
      await store.documents.delete(at("k"));
      expect(await store.log.head(session)).toEqual(before);
    });
  },
);
