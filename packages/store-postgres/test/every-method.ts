import { MemoryError } from "@relevo/core";
import type { PostgresStore } from "../src/index.ts";

const note = { type: "message", body: { role: "user", content: "Hola" }, pinned: true } as const;

/**
 * Calls every method of a store, and each form of a statement that it sends, for a tenant of its own.
 *
 * @returns the names of the methods that it called.
 */
export async function useEveryMethod(store: PostgresStore, tenant: string): Promise<readonly string[]> {
  const { log, documents, leases, feed, search, maintenance, called } = record(store);
  const address = { tenant, session: "s-1" };
  await log.append(address, [note], { operation: { id: "o", fingerprint: "f" }, init: { subject: "maria" } });
  await log.append(address, [note, { type: "x-note", body: 1 }, { type: "message", body: note.body }]);
  await log.append(address, [{ type: "retraction", body: { ranges: [{ from: 4, to: 4 }], reason: "undo" } }]);
  await refused(log.append(address, [note], { expectedVersion: 1 }), "conflict");
  await log.operation(address, "o");
  for (const pinned of [undefined, true, false]) {
    for (const retracted of ["include", "exclude", "only"] as const) {
      for (const direction of ["forward", "backward"] as const) {
        for (const rest of [{}, { types: ["message"] as const, agent: "a", atVersion: 3 }]) {
          await log.read(address, {
            ...(pinned === undefined ? {} : { pinned }),
            retracted,
            direction,
            limit: 2,
            ...rest,
          });
        }
      }
    }
  }
  await log.head(address);
  await log.touch(address, { ttlMs: 100_000, metadata: { a: 1 } });
  await log.list(tenant, { subject: "maria", limit: 1 });
  await log.list(tenant, { prefix: "s" });
  const { cursor } = await log.scan(tenant, { limit: 1 });
  await log.scan(tenant, {
    limit: 1,
    types: ["message"],
    agent: "a",
    ...(cursor === undefined ? {} : { cursor }),
  });

  for (const scope of [{ tenant }, address]) {
    const at = (key: string) => ({ ...scope, namespace: ["n"], key });
    await documents.put(at("k"), { value: { a: 1 }, tags: ["t", "u"] });
    await documents.putMany([
      {
        address: at("k"),
        value: { a: 2 },
        tags: ["t"],
        expectedVersion: (await documents.get(at("k")))?.version ?? 0,
      },
      { address: at("l"), value: "text", ttlMs: 100_000 },
    ]);
    await documents.getMany([at("k"), at("l"), at("m")]);
    for (const direction of ["forward", "backward"] as const) {
      for (const options of [
        {},
        { text: "x", namespacePrefix: ["n"], keyAfter: "a", keyBefore: "z" },
        { tags: { all: ["t"] } },
        { tags: { any: ["t", "u"] } },
        { tags: { all: ["t", "u"], any: ["t"] } },
        { updatedSince: 5, tags: { all: ["t"] } },
        {
          where: {
            or: [
              { path: ["value", "a"], $in: [2], $gt: 1 },
              { path: ["value"], $contains: "e" },
            ],
          },
        },
      ] as const) {
        await documents.find(scope, { ...options, direction, limit: 1 });
      }
    }
    await documents.count(scope, { namespacePrefix: ["n"] });
    await documents.namespaces(scope, { prefix: ["n"], maxDepth: 1 });
    const { version } = await documents.put(at("k"), { value: 3 });
    const { tenant: _, ...source } = at("k");
    await documents.put(at("n"), { value: 1, derivedFrom: { documents: [{ ...source, version }] } });
    await documents.touch(at("k"), { ttlMs: 100_000 });
    await documents.delete(at("k"));
    await documents.deleteMany([{ address: at("l") }, { address: at("m") }]);
  }

  const lease = await leases.acquire(address, { ttlMs: 10_000 });
  await leases.holder(address);
  await log.append(address, [note], { fence: (await lease.renew()).fence });
  await lease.release();

  for (const scope of [{ tenant }, address]) {
    const at = (key: string) => ({ ...scope, namespace: ["moved"], key });
    await documents.put(at("k"), { value: 1, tags: ["t"], ttlMs: 100_000 });
    const operation = { id: "put", fingerprint: "f" };
    const { version } = await documents.put(at("l"), { value: 2 }, { operation });
    const { tenant: _, ...source } = at("l");
    await documents.put(at("m"), { value: 3, derivedFrom: { documents: [{ ...source, version }] } });
  }

  await log.seal(address);
  const batch = await log.exportEvents(address);
  if (batch === undefined) throw new Error("The session is gone.");
  const copy = { tenant: `${tenant}-copy`, session: "s-1" };
  await log.importEvents(copy, batch);
  await log.importEvents(copy, batch);
  const moves = [
    { from: { tenant }, to: { tenant: copy.tenant } },
    { from: address, to: copy },
  ] as const;
  for (const { from, to } of moves) {
    const first = await documents.exportDocuments(from, { limit: 1 });
    const { cursor: next } = first ?? {};
    const rest = await documents.exportDocuments(from, next === undefined ? {} : { cursor: next });
    for (const part of [first, rest, rest]) {
      if (part === undefined) throw new Error("The documents are gone.");
      await documents.importDocuments(to, part);
    }
  }
  await documents.eraseDerived(address, { incarnation: "gone" });
  await log.unseal(address);
  await log.trim(address, { beforeSeq: 2 });
  await log.trim(address, { olderThan: 1 });
  const head = await log.head(address);
  if (head === undefined) throw new Error("The session is gone.");
  const { incarnation, removalRevision } = head;
  const events = { session: "s-1", incarnation, removalRevision, ranges: [{ from: 2, to: 3 }] };
  await documents.put({ tenant, namespace: ["n"], key: "n" }, { value: 1, derivedFrom: { events } });
  await log.erase(address, { seqs: [{ from: 4, to: 4 }], derived: "keep" });
  await log.erase(address, { seqs: [{ from: 2, to: 3 }] });

  const changes = await feed.changes(tenant, { limit: 1 });
  await feed.changes(tenant, { cursor: changes.cursor });
  await feed.changes(tenant, { from: "now" });
  const stream = { kind: "session", session: "s-1", incarnation } as const;
  const item = { position: 1, terms: [["hola", 1, 0]], at: 5, marks: 0, times: [5, 6] } as const;
  const named = { ...item, speaker: "ana", names: ["eva"], agent: "a", metadata: { a: 1 } };
  await search.write(tenant, {
    stream,
    revision: 1,
    items: [named, { ...item, position: 2 }],
    language: "es",
  });
  await search.write(tenant, { stream, revision: 2, after: 1, through: 2, items: [] });
  await search.mark(tenant, { cursor: "c" });
  await search.state(tenant);
  await search.streams(tenant, { all: true }, { limit: 1 });
  await search.lookup(tenant, [["holas"], ["hola"]]);
  for (const filter of [{}, { where: { path: ["metadata", "a"], $eq: 1 } as const, agents: ["a"] }])
    await search.read(tenant, { terms: ["hola"], speakers: ["ana"], times: [1, 9], filter }, () => undefined);
  await search.remove(tenant, { session: "s-1" });
  await search.remove(tenant, { all: true });
  await maintenance.tenants({ limit: 1 });
  await maintenance.expire();
  await maintenance.durability();
  await maintenance.tenantStatistics(tenant);
  await maintenance.tableStatistics();
  await log.delete(address);
  await maintenance.deleteIdleSessions({ tenant: copy.tenant, idleSince: Date.now() + 1e6 });
  return [...called].toSorted();
}

/** The names of everything that a store has. */
export function methodsOf(store: PostgresStore): readonly string[] {
  const { log, documents, leases, feed, search, maintenance } = store;
  return Object.entries({ log, documents, leases, feed, search, maintenance })
    .flatMap(([port, members]) =>
      Object.entries(members)
        .filter(([, member]) => typeof member === "function")
        .map(([method]) => `${port}.${method}`),
    )
    .toSorted();
}

function record(store: PostgresStore): PostgresStore & { readonly called: ReadonlySet<string> } {
  const called = new Set<string>();
  const watch = <Port extends object>(name: string, port: Port): Port =>
    new Proxy(port, {
      get(target, method, receiver) {
        const member: unknown = Reflect.get(target, method, receiver);
        if (typeof member === "function") called.add(`${name}.${String(method)}`);
        return member;
      },
    });
  const { log, documents, leases, feed, search, maintenance } = store;
  return {
    ...store,
    log: watch("log", log),
    documents: watch("documents", documents),
    leases: watch("leases", leases),
    feed: watch("feed", feed),
    search: watch("search", search),
    maintenance: watch("maintenance", maintenance),
    called,
  };
}

async function refused(promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!MemoryError.isInstance(error) || error.code !== code) {
    throw new Error(`not refused with ${code}`, { cause: error });
  }
}
