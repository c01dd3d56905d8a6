import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { defaultLimits, type MemoryErrorCode, type ReadResult } from "../src/index.ts";
import {
  type Answer,
  type CreatedStore,
  createStore,
  type DocumentDriver,
  isCreatedStore,
  type LogDriver,
  type Refusal,
  type StoreDriver,
} from "../src/store/index.ts";
import { rejected } from "./support.ts";

const session = { tenant: "t", session: "s" };
const document = { tenant: "t", namespace: ["n"], key: "k" };
const note = [{ type: "x-note", body: 1 }] as const;
const batch = {
  head: {
    session: "s",
    incarnation: "i",
    version: 0,
    revision: 0,
    removalRevision: 0,
    token: "token",
    firstSeq: 1,
    events: 0,
    bytes: 0,
    metadata: {},
    createdAt: 0,
    updatedAt: 0,
  },
  events: [],
  operations: [],
  removed: [],
};

/** A driver that gives every call the same answer and keeps the requests. */
function answering(answer: unknown): {
  driver: Required<StoreDriver>;
  requests: object[];
  closes: () => number;
} {
  const requests: object[] = [];
  let closes = 0;
  const port = new Proxy(
    {},
    {
      get: () => (request: object) => {
        requests.push(request);
        return answer;
      },
    },
  ) as never;
  const driver: Required<StoreDriver> = {
    limits: defaultLimits,
    log: port,
    documents: port,
    transfer: port,
    scan: port,
    feed: port,
    leases: port,
    maintenance: port,
    search: port,
    nextTurn: () => undefined,
    close: () => void closes++,
  };
  return { driver, requests, closes: () => closes };
}

type Calls = Record<string, () => Promise<unknown>>;

function callsOf({ log, documents, leases, maintenance }: CreatedStore<Required<StoreDriver>>): Calls {
  return {
    append: () => log.append(session, note, { operation: { id: "o", fingerprint: "f" } }),
    operation: () => log.operation(session, "o"),
    read: () => log.read(session),
    head: () => log.head(session),
    touch: () => log.touch(session),
    trim: () => log.trim(session, { beforeSeq: 1 }),
    erase: () => log.erase(session, { seqs: [] }),
    delete: () => log.delete(session),
    list: () => log.list("t"),
    scan: () => log.scan("t"),
    seal: () => log.seal(session),
    unseal: () => log.unseal(session),
    exportEvents: () => log.exportEvents(session),
    importEvents: () => log.importEvents(session, batch),
    get: () => documents.get(document),
    getMany: () => documents.getMany([document]),
    put: () => documents.put(document, { value: 1 }),
    putMany: () => documents.putMany([{ address: document, value: 1 }]),
    "delete a document": () => documents.delete(document),
    deleteMany: () => documents.deleteMany([{ address: document }]),
    "touch a document": () => documents.touch(document, { ttlMs: null }),
    find: () => documents.find({ tenant: "t" }),
    count: () => documents.count({ tenant: "t" }),
    namespaces: () => documents.namespaces({ tenant: "t" }),
    acquire: () => leases.acquire(session, { ttlMs: 1000 }),
    tenants: () => maintenance.tenants(),
    expire: () => maintenance.expire(),
    durability: () => maintenance.durability(),
  };
}

const refusals: readonly (readonly [Refusal, code: MemoryErrorCode, details: object])[] = [
  [{ refused: "ended" }, "history-lost", { reason: "ended" }],
  [{ refused: "evicted" }, "history-lost", { reason: "evicted" }],
  [{ refused: "incomplete" }, "history-lost", { reason: "incomplete" }],
  [{ refused: "operation" }, "conflict", { conflict: "operation", operation: "o" }],
  [{ refused: "sealed" }, "conflict", { conflict: "sealed", sealed: true }],
  [{ refused: "fence", current: 7 }, "conflict", { conflict: "fence", fence: 7 }],
  [{ refused: "version", current: 7, index: 0 }, "conflict", { conflict: "version", version: 7 }],
  [{ refused: "removal", current: 7 }, "conflict", { conflict: "removal", removalRevision: 7 }],
  [{ refused: "lease" }, "conflict", { conflict: "lease" }],
  [
    { refused: "too-large", field: "session", limit: "maxBytes", maximum: 5, actual: 6 },
    "too-large",
    { field: "session", limit: "maxBytes", maximum: 5, actual: 6 },
  ],
  [{ refused: "incarnation", current: "i" }, "conflict", { conflict: "incarnation", incarnation: "i" }],
  [{ refused: "import", seq: 3 }, "conflict", { conflict: "import", seq: 3 }],
  [{ refused: "import", operation: "p" }, "conflict", { conflict: "import", operation: "p" }],
  [{ refused: "unsealed", current: 7 }, "conflict", { conflict: "import", sealed: false, version: 7 }],
  [{ refused: "gap", current: 7 }, "invalid-input", { field: "batch.events", version: 7 }],
  [{ refused: "before-head" }, "invalid-input", { field: "batch.events" }],
];

describe("a store made of a driver", () => {
  it.each(refusals)("turns %j into its error", async (refusal, code, details) => {
    for (const answer of [refusal, Promise.resolve(refusal)]) {
      const operation = { id: "o", fingerprint: "f" };
      const { log } = createStore(answering(answer).driver);
      const error = await rejected(log.append(session, note, { operation }), code);
      expect(error.details).toEqual(details);
      expect(error.outcome).toBe("not-applied");
    }
  });

  it("says of a batch which write was refused", async () => {
    const { documents } = createStore(answering({ refused: "version", current: 4, index: 2 }).driver);
    const writes = [{ address: document, value: 1 }];
    const many = await rejected(documents.putMany(writes), "conflict");
    expect(many.details).toEqual({ conflict: "version", version: 4, index: 2 });
    const several = await rejected(documents.deleteMany([{ address: document }]), "conflict");
    expect(several.details).toEqual({ conflict: "version", version: 4, index: 2 });
    const one = await rejected(documents.put(document, { value: 1 }), "conflict");
    expect(one.details).toEqual({ conflict: "version", version: 4 });
    expect((await rejected(documents.delete(document), "conflict")).details).toEqual(one.details);
  });

  it("names what a refused retraction goes beyond", async () => {
    const { log } = createStore(answering({ refused: "retraction", current: 4 }).driver);
    const retraction = {
      type: "retraction",
      body: { ranges: [{ from: 2, to: 9 }], reason: "undo" },
    } as const;
    const error = await rejected(log.append(session, [retraction]), "invalid-input");
    expect(error.details).toMatchObject({ field: "retraction", version: 4 });
    expect(error.message).toContain("seq 9");
  });

  it("does not take an unknown refusal for a success, nor for something that changed nothing", async () => {
    const { acquire: _waits, ...calls } = callsOf(createStore(answering({ refused: "moon" }).driver));
    for (const call of Object.values(calls)) {
      await expect(call()).rejects.toMatchObject({ code: "corrupt", outcome: "unknown" });
    }
  });

  it("waits for promises of another realm, and takes nothing for an answer that is none", async () => {
    const { Promise: ForeignPromise } = runInNewContext("({ Promise })") as { Promise: PromiseConstructor };
    const foreign = ForeignPromise.resolve({ refused: "sealed" });
    expect(foreign).not.toBeInstanceOf(Promise);
    for (const [name, call] of Object.entries(callsOf(createStore(answering(foreign).driver)))) {
      if (name !== "acquire") await expect(call(), name).rejects.toMatchObject({ code: "conflict" });
    }
    const granted = ForeignPromise.resolve({ ok: { fence: 7, expiresAt: 1 } });
    const { leases } = createStore(answering(granted).driver);
    expect((await leases.acquire(session, { ttlMs: 1000 })).fence).toBe(7);
    const { acquire: _grants, ...calls } = callsOf(createStore(answering({ done: true }).driver));
    for (const [name, call] of Object.entries(calls))
      await expect(call(), name).rejects.toMatchObject({ code: "corrupt", outcome: "unknown" });
  });

  it("passes on what its driver throws", async () => {
    const boom = new Error("boom");
    const log = new Proxy({}, { get: () => () => Promise.reject(boom) }) as LogDriver;
    const store = createStore({ ...answering(undefined).driver, log });
    await expect(store.log.head(session)).rejects.toBe(boom);
  });

  it("gives the ports' answers where nothing is there", async () => {
    const { log, documents } = createStore(answering({ ok: undefined }).driver);
    expect(await log.read(session)).toEqual({ version: 0, revision: 0, removalRevision: 0, events: [] });
    expect(await log.trim(session, { beforeSeq: 2 })).toEqual({
      removed: 0,
      firstSeq: 1,
      more: false,
      removalRevision: 0,
    });
    expect(await log.erase(session, { seqs: [] })).toEqual({ erased: [], revision: 0, removalRevision: 0 });
    for (const absent of [log.head(session), log.touch(session), log.exportEvents(session)])
      expect(await absent).toBeUndefined();
    await rejected(log.seal(session), "not-found");
    await rejected(log.unseal(session), "not-found");
    expect(await documents.touch(document, { ttlMs: 1 })).toBeUndefined();
    expect(await documents.getMany([])).toEqual([]);
  });

  it("deletes no other incarnation than the one that is meant", async () => {
    const { log } = createStore(answering({ refused: "ended" }).driver);
    expect(await log.delete(session, { incarnation: "i" })).toBe(false);
  });

  it("encodes the place of the next page, and gives it back to the driver", async () => {
    const places: readonly (readonly [string, unknown])[] = [
      ["list", { session: "s", updatedAt: 0 }],
      ["scan", { recordedAt: 5, session: "s", seq: 3 }],
      ["find", { namespace: ["n"], key: "k" }],
      ["namespaces", ["n", "m"]],
      ["tenants", "t"],
    ];
    for (const [name, next] of places) {
      const { driver, requests } = answering({ ok: { items: [], next } });
      const { log, documents, maintenance } = createStore(driver);
      const pages: Record<string, (cursor?: string) => Promise<{ readonly cursor?: string }>> = {
        list: (cursor) => log.list("t", cursor === undefined ? {} : { cursor }),
        scan: (cursor) => log.scan("t", cursor === undefined ? {} : { cursor }),
        find: (cursor) => documents.find({ tenant: "t" }, { cursor }),
        namespaces: (cursor) => documents.namespaces({ tenant: "t" }, { cursor }),
        tenants: (cursor) => maintenance.tenants({ cursor }),
      };
      const page = await pages[name]?.();
      await pages[name]?.(page?.cursor);
      expect(requests).toMatchObject([{ after: undefined }, { after: next }]);
    }
    const last = await createStore(answering({ ok: { items: ["t"] } }).driver).maintenance.tenants();
    expect(last).toEqual({ items: ["t"] });
  });

  it("hands the driver the signal and the address with every request", async () => {
    const { signal } = new AbortController();
    const { driver, requests } = answering({ ok: undefined });
    const { log } = createStore(driver);
    await log.read(session, { signal });
    await log.append(session, note, { signal });
    await log.operation(session, "o", { signal });
    expect(requests).toMatchObject([1, 2, 3].map(() => ({ address: session, signal })));
  });

  it("refuses what does not pass admission, and what was aborted, before the driver", async () => {
    const { driver, requests } = answering({ ok: undefined });
    const { log, documents } = createStore(driver);
    await rejected(log.read({ tenant: "t", session: "" }), "invalid-input");
    await rejected(log.append(session, []), "invalid-input");
    await rejected(log.head(session, { signal: AbortSignal.abort() }), "aborted");
    await rejected(documents.get({ ...document, key: "\0" }), "invalid-input");
    expect(requests).toEqual([]);
  });

  it("refuses every call after it was closed, and closes its driver once", async () => {
    const { driver, requests, closes } = answering({ ok: undefined });
    const store = createStore(driver);
    await Promise.all([store.close(), store.close(), store[Symbol.asyncDispose]()]);
    expect(closes()).toBe(1);
    const calls = Object.entries(callsOf(store));
    expect(calls).toHaveLength(28);
    for (const [name, call] of calls) {
      const error = await call().catch((reason: unknown) => reason);
      expect(error, name).toMatchObject({ code: "closed" });
    }
    expect(requests).toEqual([]);
  });

  it("costs no turn of the promise queue when the driver answers at once", async () => {
    const result: Answer<ReadResult> = { ok: { version: 0, revision: 0, removalRevision: 0, events: [] } };
    const order: string[] = [];
    const read = createStore(answering(result).driver).log.read(session);
    await Promise.all([
      read.then(() => order.push("read")),
      Promise.resolve().then(() => order.push("one tick")),
    ]);
    expect(order).toEqual(["read", "one tick"]);
  });

  it("answers after the turn that its driver asks for, and does the work before it", async () => {
    const { driver, requests } = answering({ ok: undefined });
    let turned: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => {
      turned = resolve;
    });
    const { log } = createStore({ ...driver, nextTurn: () => turn });
    let answered = false;
    const head = log.head(session).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([requests.length, answered]).toEqual([1, false]);
    turned();
    await head;
    expect(answered).toBe(true);
  });

  it("gives a feed's position back to the driver, and its refusals as typed errors", async () => {
    const { driver, requests } = answering({ ok: { units: [], position: "7", more: false } });
    const { feed } = createStore(driver);
    const { cursor } = await feed.changes("t", { from: "now" });
    await feed.changes("t", { cursor });
    expect(requests).toMatchObject([{ from: "now", after: undefined }, { after: "7" }]);
    const lost = createStore(answering({ refused: "changes" }).driver).feed.changes("t", { cursor });
    expect((await rejected(lost, "history-lost")).details.reason).toBe("changes");
    const foreign = createStore(answering({ refused: "position" }).driver).feed.changes("t", { cursor });
    expect((await rejected(foreign, "invalid-input")).details.field).toBe("cursor");
  });

  it("looks for what is derived from a deleted document unless the driver says that there is nothing", async () => {
    const address = { tenant: "t", namespace: ["n"], key: "k" };
    const calls = async (answer: object): Promise<readonly string[]> => {
      const names: string[] = [];
      const documents = {
        delete() {
          names.push("delete");
          return answer;
        },
        eraseDerived() {
          names.push("eraseDerived");
          return { ok: { erased: [], more: false } };
        },
      } as never;
      const store = createStore({ ...answering(undefined).driver, documents });
      expect(await store.documents.delete(address)).toBe(true);
      expect(await store.documents.deleteMany([{ address }])).toBe(1);
      return names;
    };
    expect(await calls({ ok: 1, derived: false })).toEqual(["delete", "delete"]);
    for (const answer of [{ ok: 1 }, { ok: 1, derived: true }])
      expect(await calls(answer)).toEqual(["delete", "eraseDerived", "delete", "eraseDerived"]);
  });

  it("has the ports that its driver has", () => {
    const { limits, log, transfer, scan, close } = answering({ ok: undefined }).driver;
    const documents = {} as DocumentDriver;
    const plain = createStore({ limits, log, documents, transfer, scan, close });
    expect(Object.keys(plain).sort()).toEqual(["close", "documents", "limits", "log"]);
  });

  it("is known as such, also in a store that is spread from it", () => {
    const store = createStore(answering({ ok: undefined }).driver);
    expect(isCreatedStore({ ...store, extra: true } as typeof store)).toBe(true);
    const { limits, log, documents, close } = store;
    expect(isCreatedStore({ limits, log, documents, close, [Symbol.asyncDispose]: close })).toBe(false);
  });
});
