import { randomUUID } from "node:crypto";
import { type EventLog, type EventTransfer, MemoryError, type TransferBatch } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { createRedisStore, type RedisStore } from "../src/index.ts";
import { createKeys } from "../src/keys.ts";
import { patient, useRedis } from "./servers.ts";

const note = (body: string) => ({ type: "x-note" as const, body });
const operation = (id: string) => ({ id, fingerprint: `print of ${id}` });
const address = { tenant: "acme", session: "s" };

/** Every part of the session, of at most `limit` events each. */
async function exportAll(log: EventLog & EventTransfer, limit: number): Promise<readonly TransferBatch[]> {
  const batches: TransferBatch[] = [];
  for (let after = 0; ; ) {
    const batch = await log.exportEvents(address, { after, limit });
    if (batch === undefined) throw new Error("There is no such session.");
    batches.push(batch);
    after = batch.events.at(-1)?.seq ?? batch.head.version;
    if (after >= batch.head.version) return batches;
  }
}

describe.skipIf(!requireService("redis", { for: "transfer in store-redis" }))("a session that moves", () => {
  const redis = useRedis();

  function open(): { readonly store: RedisStore; readonly prefix: string } {
    const prefix = `t-${randomUUID()}`;
    return { store: createRedisStore({ client: redis.clients()[0], prefix, ...patient }), prefix };
  }

  /** Three events, each appended by an operation, and an operation without events. */
  async function fill({ log }: RedisStore): Promise<void> {
    for (const id of ["one", "two", "three"])
      await log.append(address, [note(id)], { operation: operation(id) });
    await log.append(address, [], { operation: operation("none") });
  }

  async function restore({ log }: RedisStore, batches: readonly TransferBatch[]): Promise<void> {
    for (const batch of batches) await log.importEvents(address, batch);
    // A part that is asked for again, after a crash, adds nothing.
    for (const batch of batches) await log.importEvents(address, batch);
    await log.unseal(address);
  }

  /** The session is whole: it is read, and takes both kinds of append, known operations and new ones. */
  async function expectWhole({ log, documents }: RedisStore): Promise<void> {
    expect((await log.read(address)).events.map(({ body }) => body)).toEqual(["one", "two", "three"]);
    for (const id of ["one", "two", "three", "none"]) {
      const again = await log.append(address, [note(id)], { operation: operation(id) });
      expect(again).toMatchObject({ replayed: true });
    }
    const everyday = await log.append(address, [note("four")], { operation: operation("four") });
    expect(everyday).toMatchObject({ version: 4, replayed: false });
    const full = await log.append(address, [note("five")], { operation: operation("five"), ttlMs: 60_000 });
    expect(full).toMatchObject({ version: 5, replayed: false });
    await documents.put({ ...address, namespace: ["n"], key: "k" }, { value: 1 });
    expect((await log.trim(address, { beforeSeq: 3 })).removed).toBe(2);
  }

  it.each([1, 2, 100])("in parts of %i, from one store to another, stays whole", async (limit) => {
    const [{ store: source }, { store: target }] = [open(), open()];
    await fill(source);
    await source.log.seal(address);
    await restore(target, await exportAll(source.log, limit));
    await expectWhole(target);
  });

  it.each([1, 2, 100])(
    "in parts of %i, out of its store and back while its operations are still known, stays whole",
    async (limit) => {
      const { store } = open();
      await fill(store);
      const { version } = await store.log.seal(address);
      const batches = await exportAll(store.log, limit);
      expect(await store.log.delete(address, { expectedVersion: version })).toBe(true);
      await expect(
        store.log.append(address, [note("one")], { operation: operation("one") }),
      ).rejects.toSatisfy((error) => MemoryError.isInstance(error, "history-lost"));
      await restore(store, batches);
      await expectWhole(store);
    },
  );

  it("counts an operation once, whatever it meets", async () => {
    const [{ store: source }, { store: target, prefix }] = [open(), open()];
    await fill(source);
    await source.log.seal(address);
    await restore(target, await exportAll(source.log, 100));
    const { log, operations } = createKeys(prefix).session(address.tenant, address.session);
    const [client] = redis.clients();
    const head = String(await client.sendCommand(["LINDEX", log, "-1"]));
    // The four operations, and the mark of the incarnation that lives.
    expect(await client.sendCommand(["HLEN", operations])).toBe(5);
    expect(head.split("|")[6]).toBe("5");
  });
});
