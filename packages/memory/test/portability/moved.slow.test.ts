import { randomUUID } from "node:crypto";
import { MemoryError } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { requireService } from "@relevo/test-services";
import { afterAll, describe, expect, it } from "vitest";
import {
  createMemory,
  type ExportSelector,
  type ImportOptions,
  type MemoryStore,
  type Tenant,
} from "../../src/index.ts";
import { textOf } from "../archive/interrupted.ts";
import { killable, onlyPlot, person, plant } from "../erasure/plant.ts";
import { oneStore, user } from "../fixture.ts";
import { createStorePool, type StoreKind } from "../pairs/stores.ts";

const pool = createStorePool();
afterAll(() => pool[Symbol.asyncDispose]());

const kinds: readonly StoreKind[] = ["process", "pglite", "redis", "postgres"];
const selectors: readonly ExportSelector[] = [
  {},
  { user: person },
  { session: "chat-1" },
  { workspace: "leads" },
];

function isThere(kind: StoreKind): boolean {
  const isServer = kind === "redis" || kind === "postgres";
  return !isServer || requireService(kind, { for: "exports from store to store" });
}

/** Without the tenant's name, and so without checksums. */
function bare(text: string): string {
  return text.replaceAll(/"tenant":"[^"]*"|,"sum":"[^"]*"/gu, "");
}

describe.each(kinds)("what is in %s", (from) => {
  describe.skipIf(!isThere(from))("is", () => {
    it.each(kinds.filter((kind) => kind !== from && isThere(kind)))(
      "the same text from %s, and again at home, by tenant, person, session and workspace",
      { timeout: 120_000 },
      async (to) => {
        const [home, away] = [await pool.open(from, 0), await pool.open(to, 0)];
        const plot = { ...onlyPlot, tenant: `t-${randomUUID()}`, elsewhere: `e-${randomUUID()}` };
        await using here = createMemory({ store: home.store });
        await using there = createMemory({ store: away.store });
        await plant(here, [home.store], plot);
        const acme = here.tenant(plot.tenant);
        await acme.agent("planner").recordOutcome({ success: true, durationMs: 7 });
        for (const [place, selector] of selectors.entries()) {
          const text = await textOf(acme, selector);
          expect(text.split("\n").length).toBeGreaterThan(3);
          const name = `${plot.tenant}-${place}`;
          const copy = there.tenant(place === 0 ? plot.tenant : name);
          await copy.import([text], { from: plot.tenant });
          const moved = await textOf(copy, selector);
          expect(bare(moved)).toBe(bare(text));
          if (copy.id === acme.id) expect(moved).toBe(text);
          const back = here.tenant(`${name} back`);
          await back.import([moved], { from: copy.id });
          expect(bare(await textOf(back, selector))).toBe(bare(text));
        }
      },
    );

    it("imported whole by another call, wherever the first one was killed", {
      timeout: 300_000,
    }, async () => {
      await using first = createMemoryStore();
      const original = createMemory({ store: first }).tenant("acme");
      await plant(createMemory({ store: first }), [first]);
      const text = await textOf(original);
      const { store } = await pool.open(from, 0);
      const step = from === "process" ? 1 : 17;
      let killed = 0;
      for (let killAt = 1, isWhole = false; !isWhole; killAt += step) {
        const door = { calls: 0, killAt };
        await using memory = createMemory({ store, cache: false });
        await using dying = createMemory({
          store: withLeases(killable(store, door), store),
          cache: false,
          onError: () => undefined,
        });
        const tenant = `t-${randomUUID()}`;
        const options = { from: "acme" };
        const error = await dying
          .tenant(tenant)
          .import([text], options)
          .catch((reason: unknown) => reason);
        isWhole = !MemoryError.isInstance(error);
        if (!isWhole) killed++;
        const copy = memory.tenant(tenant);
        await expectSealedUnlessWhole(copy, original, store);
        await copy.import([text], options);
        expect(bare(await textOf(copy)), `killed before call ${killAt}`).toBe(bare(text));
        await copy.session("chat-1").append(user("goes on"));
      }
      expect(killed * step).toBeGreaterThan(30);
    });
  });
});

function withLeases(ports: MemoryStore, { leases }: MemoryStore): MemoryStore {
  return { ...ports, ...(leases === undefined ? {} : { leases }) };
}

/** Half a session cannot be written. */
async function expectSealedUnlessWhole(copy: Tenant, original: Tenant, store: MemoryStore): Promise<void> {
  for (const { session, sealed, version } of (await store.log.list(copy.id)).items) {
    const whole = await original.session(session).head();
    if (version !== whole?.version) expect(sealed).toBe(true);
  }
}

it("a session of 100,000 events is moved in bounded parts, each read when the one before is written", async () => {
  const { memory } = oneStore();
  const session = memory.tenant("acme").session("long");
  const events = 100_000;
  const message = user("Hola");
  for (let count = 0; count < events; count += 1000)
    await session.append(Array.from({ length: 1000 }, () => message));
  const copy = oneStore();
  const log = copy.store.log as MemoryStore["log"] & {
    importEvents(...args: unknown[]): Promise<unknown>;
  };
  const counted = { read: 0, written: 0, most: 0, ahead: 0 };
  const watched = new Proxy(log, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (name !== "importEvents" || typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        const batch = args[1] as { readonly events: readonly unknown[] };
        counted.most = Math.max(counted.most, batch.events.length);
        counted.ahead = Math.max(counted.ahead, counted.read - counted.written);
        counted.written += batch.events.length;
        return method.apply(target, args);
      };
    },
  });
  async function* lines(): AsyncGenerator<string> {
    for await (const line of memory.tenant("acme").export()) {
      counted.read++;
      yield line;
    }
  }
  const told: number[] = [];
  const into = createMemory({ store: { ...copy.store, log: watched } }).tenant("acme");
  const report = await into.import(lines(), { onProgress: (read) => told.push(read.events) });
  expect(report.read.events).toBe(events);
  expect(counted.written).toBe(events);
  expect(counted.most).toBeLessThanOrEqual(500);
  // What was read and is not written yet: one part, and the lines that are no events.
  expect(counted.ahead).toBeLessThanOrEqual(510);
  expect(told.length).toBeGreaterThanOrEqual(events / 1000);
  expect(told).toEqual([...told].sort((left, right) => left - right));
});

it("a text with any byte changed is refused, before anything is changed by a dry run, and is no obstacle", async () => {
  const original = oneStore();
  const small = original.memory.tenant("acme").session("s", { subject: "ana" });
  await small.append(user("Hola ñ"), { operationId: "o" });
  await small.working.remember("k", { deep: [1] });
  const bytes = new TextEncoder().encode(await textOf(original.memory.tenant("acme")));
  const text = new TextDecoder().decode(bytes);
  const codes = new Set<string>();
  const target = oneStore();
  const untouched = target.memory.tenant("acme");
  const refusalOf = async (acme: Tenant, changed: Uint8Array, options: ImportOptions): Promise<string> => {
    const error = await acme.import([changed], options).catch((reason: unknown) => reason);
    return MemoryError.isInstance(error) ? error.code : String(error);
  };
  for (let place = 0; place < bytes.length; place++)
    for (const change of [2, 0x80, 0x0a ^ (bytes[place] ?? 0)]) {
      if (change === 0) continue;
      const changed = bytes.with(place, (bytes[place] ?? 0) ^ change);
      const code = await refusalOf(untouched, changed, { dryRun: true });
      codes.add(code);
      if (place % 41 !== 0) continue;
      const at = `byte ${place} changed by ${change}`;
      const acme = oneStore().memory.tenant("acme");
      expect(await refusalOf(acme, changed, {}), at).toBe(code);
      await acme.import([text]);
      expect(await textOf(acme), at).toBe(text);
    }
  expect([...codes].sort()).toEqual(["corrupt", "unsupported"]);
  expect((await target.store.log.list("acme")).items).toEqual([]);
  expect((await target.store.documents.find({ tenant: "acme" })).items).toEqual([]);
});
