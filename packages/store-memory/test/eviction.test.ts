import { describe, expect, it } from "vitest";
import type { EvictionNotice } from "../src/index.ts";
import { at, failure, open, says, tenant } from "./support.ts";

describe("sessions are bounded", () => {
  it("evicts the least recently used one past maxSessions and says so", async () => {
    const notices: EvictionNotice[] = [];
    const { store } = open({ maxSessions: 2, onEvicted: (notice) => notices.push(notice) });
    const { incarnation } = await store.log.append(at("a"), [says("1"), says("2")]);
    await store.log.append(at("b"), [says("1")]);
    await store.log.append(at("c"), [says("1")]);
    expect(notices).toEqual([
      { kind: "session", tenant, session: "a", incarnation, version: 2, reason: "max-entries" },
    ]);
    expect(store.stats()).toMatchObject({ sessions: 2, evictedSessions: 1, rememberedEvictions: 1 });
  });

  it("counts a read as a use", async () => {
    const { store } = open({ maxSessions: 2 });
    await store.log.append(at("a"), [says("1")]);
    await store.log.append(at("b"), [says("1")]);
    await store.log.read(at("a"));
    await store.log.append(at("c"), [says("1")]);
    expect((await store.log.head(at("a")))?.version).toBe(1);
    await failure(store.log.head(at("b")), "history-lost");
  });

  it("evicts by bytes, and never the session that is written", async () => {
    const notices: EvictionNotice[] = [];
    const { store } = open({ maxSessionBytes: 40_000, onEvicted: (notice) => notices.push(notice) });
    const text = "x".repeat(10_000);
    for (const session of ["a", "b", "c", "d"]) await store.log.append(at(session), [says(text)]);
    expect(notices.map((notice) => notice.kind === "session" && notice.session)).toEqual(["a"]);
    expect(notices[0]?.reason).toBe("max-bytes");
    await store.log.append(at("d"), [says(text), says(text)]);
    expect((await store.log.head(at("d")))?.version).toBe(3);
    expect(store.stats().sessionBytes).toBeLessThanOrEqual(40_000);
  });

  it("refuses what could not fit alone, and changes nothing", async () => {
    const { store } = open({ maxSessionBytes: 10_000 });
    await store.log.append(at("other"), [says("here")]);
    await store.log.append(at("a"), [says("small")]);
    const text = "x".repeat(9000);
    const error = await failure(store.log.append(at("a"), [says(text)]), "too-large");
    expect(error.details).toMatchObject({ limit: "maxSessionBytes", maximum: 10_000 });
    const address = { ...at("a"), namespace: ["n"], key: "k" };
    await failure(store.documents.put(address, { value: text }), "too-large");
    await failure(store.documents.put({ ...address, session: "new" }, { value: text }), "too-large");
    expect((await store.log.head(at("a")))?.version).toBe(1);
    expect(await store.log.head(at("new"))).toBeUndefined();
    expect((await store.log.head(at("other")))?.version).toBe(1);
  });

  it("lets a document be replaced in a session that is nearly full", async () => {
    const { store } = open({ maxSessionBytes: 10_000 });
    const address = { ...at("a"), namespace: ["n"], key: "k" };
    for (let turn = 0; turn < 5; turn++) await store.documents.put(address, { value: "x".repeat(6000) });
    expect(store.stats().sessionBytes).toBeLessThan(10_000);
  });

  it("gives back every byte and index when all is deleted", async () => {
    const { store } = open();
    await store.log.append(at("a"), [says("1", { agent: "writer" })], { init: { metadata: { x: 1 } } });
    await store.documents.put({ ...at("a"), namespace: ["n"], key: "k" }, { value: 1, tags: ["t"] });
    await store.documents.put({ tenant, namespace: ["n"], key: "k" }, { value: 1, tags: ["t"] });
    await store.log.delete(at("a"));
    await store.documents.delete({ tenant, namespace: ["n"], key: "k" });
    expect(store.stats()).toMatchObject({ sessions: 0, sessionBytes: 0, documents: 0, documentBytes: 0 });
    expect((await store.maintenance.tenants()).items).toEqual([]);
  });
});

describe("an evicted session", () => {
  it("answers history-lost to every call that would miss its history, until it is deleted", async () => {
    const { store } = open();
    const { incarnation } = await store.log.append(at("a"), [says("1")], {
      operation: { id: "op", fingerprint: "f" },
    });
    const document = { ...at("a"), namespace: ["n"], key: "k" };
    await store.documents.put(document, { value: 1 });
    expect(store.evict(at("a"))).toBe(true);
    expect(store.evict(at("a"))).toBe(false);

    for (const call of [
      store.log.append(at("a"), [says("2")]),
      store.log.append(at("a"), [says("2")], { incarnation }),
      store.log.append(at("a"), [says("1")], { operation: { id: "op", fingerprint: "f" } }),
      store.log.read(at("a")),
      store.log.head(at("a")),
      store.log.touch(at("a")),
      store.log.trim(at("a"), { beforeSeq: 2 }),
      store.log.erase(at("a"), { seqs: [{ from: 1, to: 1 }] }),
      store.log.operation(at("a"), "op"),
      store.log.seal(at("a")),
      store.log.exportEvents(at("a")),
      store.documents.get(document),
      store.documents.getMany([document]),
      store.documents.put(document, { value: 2 }),
      store.documents.delete(document),
      store.documents.touch(document, { ttlMs: null }),
      store.documents.find(at("a")),
      store.documents.namespaces(at("a")),
    ]) {
      expect((await failure(call, "history-lost")).details.reason).toBe("evicted");
    }
    expect((await store.log.list(tenant)).items).toEqual([]);
    expect((await store.log.scan(tenant)).items).toEqual([]);

    expect(await store.log.delete(at("a"), { incarnation: "another" })).toBe(false);
    await failure(store.log.delete(at("a"), { expectedVersion: 7 }), "conflict");
    expect(await store.log.delete(at("a"), { incarnation, expectedVersion: 1 })).toBe(true);
    expect(await store.log.delete(at("a"))).toBe(false);
    expect(await store.log.head(at("a"))).toBeUndefined();
    await failure(
      store.log.append(at("a"), [says("1")], { operation: { id: "op", fingerprint: "f" } }),
      "history-lost",
    );
    expect((await store.log.append(at("a"), [says("anew")])).firstSeq).toBe(1);
  });

  it("comes back whole from an archive, but not in part", async () => {
    const { store } = open();
    await store.log.append(at("a"), [says("1"), says("2")]);
    const early = await store.log.exportEvents(at("a"));
    await store.log.append(at("a"), [says("3")]);
    const late = await store.log.exportEvents(at("a"));
    if (early === undefined || late === undefined) throw new Error("nothing was exported");
    store.evict(at("a"));
    await failure(store.log.importEvents(at("a"), early), "history-lost");
    await store.log.importEvents(at("a"), late);
    await store.log.unseal(at("a"));
    expect((await store.log.append(at("a"), [says("4")])).firstSeq).toBe(4);
  });

  it("is remembered within a bound, and the store says when it forgot", async () => {
    const { store, errors } = open({ maxEvictions: 2 });
    for (const session of ["a", "b", "c"]) {
      await store.log.append(at(session), [says("1")]);
      store.evict(at(session));
    }
    expect(await store.log.head(at("a"))).toBeUndefined();
    await failure(store.log.head(at("b")), "history-lost");
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code: "too-large", details: { limit: "maxEvictions" } });
  });
});

describe("documents that stand alone are bounded", () => {
  const address = (key: string) => ({ tenant, namespace: ["n"], key });

  it("evicts the least recently used one past maxDocuments and says so", async () => {
    const notices: EvictionNotice[] = [];
    const { store } = open({ maxDocuments: 2, onEvicted: (notice) => notices.push(notice) });
    const first = await store.documents.put(address("a"), { value: 1 });
    await store.documents.put(address("b"), { value: 1 });
    await store.documents.get(address("a"));
    await store.documents.put(address("c"), { value: 1 });
    expect(notices).toMatchObject([{ kind: "document", namespace: ["n"], key: "b", reason: "max-entries" }]);
    expect(await store.documents.get(address("b"))).toBeUndefined();
    expect((await store.documents.find({ tenant })).items.map(({ key }) => key)).toEqual(["a", "c"]);
    const again = await store.documents.put(address("b"), { value: 2 }, { expectedVersion: 0 });
    expect(again.version).toBeGreaterThan(first.version);
  });

  it("evicts by bytes, keeps the batch that is written, and refuses one that is too large alone", async () => {
    const { store } = open({ maxDocumentBytes: 10_000 });
    for (const key of ["a", "b", "c"]) await store.documents.put(address(key), { value: "x".repeat(2000) });
    const writes = ["d", "e"].map((key) => ({ address: address(key), value: "x".repeat(3000) }));
    await store.documents.putMany(writes);
    const { items } = await store.documents.find({ tenant });
    expect(items.map(({ key }) => key)).toEqual(["d", "e"]);
    await failure(store.documents.put(address("f"), { value: "x".repeat(10_000) }), "too-large");
    expect((await store.documents.find({ tenant })).items).toHaveLength(2);
  });

  it("refuses a batch with more documents than the bound", async () => {
    const { store } = open({ maxDocuments: 2 });
    const writes = ["a", "b", "c"].map((key) => ({ address: address(key), value: 1 }));
    await failure(store.documents.putMany(writes), "too-large");
    expect(store.stats().documents).toBe(0);
  });

  it("evicts nobody when a document is replaced at the bound", async () => {
    const { store } = open({ maxDocuments: 2 });
    for (const key of ["a", "b", "b", "a", "b"]) await store.documents.put(address(key), { value: key });
    expect((await store.documents.find({ tenant })).items.map(({ key }) => key)).toEqual(["a", "b"]);
    expect(store.stats()).toMatchObject({ documents: 2, evictedDocuments: 0 });
  });

  it("replaces its only document at a cost that does not follow maxDocuments", async () => {
    const msFor = async (maxDocuments: number): Promise<number> => {
      const { store } = open({ maxDocuments });
      await store.documents.put(address("a"), { value: 0 });
      const started = performance.now();
      for (let value = 1; value <= 100; value++) await store.documents.put(address("a"), { value });
      return performance.now() - started;
    };
    // The least of several, so that what else the machine does is left out.
    const leastFor = async (maxDocuments: number): Promise<number> => {
      let least = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 20; round++) least = Math.min(least, await msFor(maxDocuments));
      return least;
    };
    await msFor(10);
    // A hundred thousand times the bound: it cost thousands of times as much when the place of each was cleared.
    expect(await leastFor(1_000_000)).toBeLessThan(50 * (await leastFor(10)));
  });

  it("keeps a tenant whose last document made room for its next", async () => {
    const { store } = open({ maxDocuments: 1 });
    await store.documents.put(address("a"), { value: 1 });
    await store.documents.put(address("b"), { value: 2 });
    expect((await store.documents.get(address("b")))?.value).toBe(2);
    expect((await store.maintenance.tenants()).items).toEqual([tenant]);
  });
});

describe("onEvicted", () => {
  it("may throw without failing the write that caused it", async () => {
    const { store, errors } = open({
      maxSessions: 1,
      onEvicted: () => {
        throw new Error("from the callback");
      },
    });
    await store.log.append(at("a"), [says("1")]);
    await store.log.append(at("b"), [says("1")]);
    await Promise.resolve();
    expect(errors).toMatchObject([{ message: "from the callback" }]);
  });

  it("may call the store", async () => {
    const calls: Promise<unknown>[] = [];
    const { store } = open({
      maxSessions: 1,
      onEvicted: (notice) => {
        if (notice.kind === "session")
          calls.push(store.log.delete({ tenant: notice.tenant, session: notice.session }));
      },
    });
    await store.log.append(at("a"), [says("1")]);
    await store.log.append(at("b"), [says("1")]);
    expect(await Promise.all(calls)).toEqual([true]);
    expect(await store.log.head(at("a"))).toBeUndefined();
  });

  it("is not told of what had expired anyway", async () => {
    const notices: EvictionNotice[] = [];
    const { store, clock } = open({ maxSessions: 1, onEvicted: (notice) => notices.push(notice) });
    await store.log.append(at("a"), [says("1")], { ttlMs: 10 });
    clock.advance(10);
    await store.log.append(at("b"), [says("1")]);
    expect(notices).toEqual([]);
    expect((await store.log.append(at("a"), [says("anew")])).firstSeq).toBe(1);
  });
});
