import { createManualClock, type ManualClock, MemoryError, type Store } from "@relevo/core";
import { createKeyValueDriver, createStore, type KeyValueSpace } from "@relevo/core/store";
import { describe, expect, it } from "vitest";
import { createMapEntries, createMapSpace, type MapEntries } from "./map-space.ts";

const durability = { survives: "nothing", detail: "In the memory of this process." } as const;
/** Narrow, so that every kind of write takes several commits. */
const limits = { commitEntries: 100, commitBytes: 64 * 1024, valueBytes: 1024 };
const hour = 3_600_000;
const address = { tenant: "acme", session: "s" };
const secret = "a secret word";

/** A space that dies with a commit: it is applied or not, and nothing is answered any more. */
function mortalSpace(
  space: KeyValueSpace,
  lives: number,
  appliesLast: boolean,
): KeyValueSpace & { commits(): number } {
  let commits = 0;
  const alive = (): void => {
    if (commits > lives) throw new Error("The process was killed.");
  };
  return {
    ...space,
    commits: () => commits,
    read(request, options) {
      alive();
      return space.read(request, options);
    },
    async commit(changes, conditions, options) {
      alive();
      if (++commits <= lives) return await space.commit(changes, conditions, options);
      if (appliesLast) await space.commit(changes, conditions, options);
      throw new Error("The process was killed.");
    },
  };
}

const message = (text: string) => ({ type: "message", body: { role: "user", content: text } }) as const;
/** Longer than a value may be, and all of them together than a commit. */
const long = (index: number): string => `${index} ${secret} ${"x".repeat(index % 4 === 0 ? 9000 : 20)}`;

type Step = (store: Store) => Promise<unknown>;

/** Writes of every kind, each of which may be repeated when it was not acknowledged. */
const steps: readonly Step[] = [
  ...[0, 1, 2, 3].map(
    (part): Step =>
      ({ log }) =>
        log.append(
          address,
          Array.from({ length: 13 }, (_, index) => message(long(part * 13 + index))),
          {
            operation: { id: `part-${part}`, fingerprint: "f" },
            ttlMs: 200 * hour,
            init: { subject: "user-1" },
          },
        ),
  ),
  ({ documents }) =>
    documents.put(
      { ...address, namespace: ["notes"], key: "k" },
      { value: long(0), tags: ["a", "b"], ttlMs: 50 * hour },
    ),
  ({ documents }) =>
    documents.put({ tenant: "acme", namespace: ["facts", "f"], key: "k" }, { value: long(4) }),
  ({ documents }) =>
    documents.put({ tenant: "acme", namespace: ["facts", "f"], key: "k" }, { value: long(8), tags: ["t"] }),
  ...[
    { ...address, namespace: ["many"] },
    { tenant: "acme", namespace: ["facts", "f"] },
  ].map(
    (place): Step =>
      ({ documents }) =>
        documents.putMany(
          Array.from({ length: 12 }, (_, index) => ({
            address: { ...place, key: `k${index}` },
            value: index,
            ttlMs: hour,
          })),
          { operation: { id: "many", fingerprint: "f" } },
        ),
  ),
  ({ log }) =>
    log.append(
      address,
      [{ type: "retraction", body: { ranges: [{ from: 3, to: 30 }], reason: "undo" } }, message("after")],
      { operation: { id: "retraction", fingerprint: "f" } },
    ),
  ...[
    { place: { ...address, namespace: ["derived"], key: "lives" }, from: 50 },
    { place: { ...address, namespace: ["derived"], key: "goes" }, from: 48 },
    { place: { tenant: "acme", namespace: ["facts", "f"], key: "lives" }, from: 50 },
    { place: { tenant: "acme", namespace: ["facts", "f"], key: "goes" }, from: 48 },
  ].map(
    ({ place, from }): Step =>
      async ({ log, documents }) => {
        const { incarnation = "", removalRevision } = await log.read(address, { limit: 1 });
        const events = { session: "s", incarnation, removalRevision, ranges: [{ from, to: 51 }] };
        await documents.put(place, { value: long(from), tags: ["t"], derivedFrom: { events } });
      },
  ),
  ({ log }) => log.erase(address, { seqs: [{ from: 20, to: 48 }] }),
  ({ log }) => log.trim(address, { beforeSeq: 12 }),
  async ({ leases }) => {
    try {
      await (await leases?.acquire(address, { ttlMs: hour }))?.release();
    } catch (error) {
      // Granted to the process that was killed.
      if (!MemoryError.isInstance(error, "conflict")) throw error;
    }
  },
];

async function run(store: Store, from: number): Promise<number> {
  for (let index = from; index < steps.length; index++) {
    try {
      await steps[index]?.(store);
    } catch (error) {
      if (!MemoryError.isInstance(error)) throw error;
      return index;
    }
  }
  return steps.length;
}

function openStore(entries: MapEntries, clock: ManualClock, wrap = (space: KeyValueSpace) => space): Store {
  return createStore(createKeyValueDriver(wrap(createMapSpace(entries, clock, limits)), { durability }));
}

/** What a reader finds, however the log came to be like that. */
async function readAll(store: Store): Promise<unknown> {
  const { events, ...rest } = await store.log.read(address, { limit: 1000, retracted: "include" });
  const {
    incarnation: _own,
    token: _random,
    revision: _writes,
    removalRevision: _removals,
    ...result
  } = rest;
  const head = await store.log.head(address);
  const found = await store.documents.find({ tenant: "acme" }, { tags: { any: ["t"] } });
  const own = await store.documents.find(address, { namespace: ["notes"] });
  return {
    ...result,
    events,
    bytes: head?.bytes,
    firstSeq: head?.firstSeq,
    effective: (await store.log.read(address, { limit: 1000, types: ["message"] })).events.map(
      ({ seq }) => seq,
    ),
    scanned: (await maintained(store).scan("acme")).items.map(({ event }) => event.seq),
    values: [...found.items, ...own.items].map(({ value }) => value),
  };
}

function maintained({ log }: Store) {
  if (!("scan" in log)) throw new Error("The log cannot scan.");
  return log as unknown as {
    scan(
      tenant: string,
    ): Promise<{ readonly items: readonly { readonly event: { readonly seq: number } }[] }>;
  };
}

async function expireAll(store: Store): Promise<void> {
  while ((await store.maintenance?.expire())?.more === true);
}

/** Everything that is stored, as text: keys and values. */
function stored(entries: MapEntries): string[] {
  return [...entries.byKey.values()].map(
    ({ key, value }) => `${Buffer.from(key).toString("latin1")} ${Buffer.from(value).toString("utf8")}`,
  );
}

async function countCommits(): Promise<{ readonly commits: number; readonly state: unknown }> {
  const clock = createManualClock();
  const entries = createMapEntries();
  const space = mortalSpace(createMapSpace(entries, clock, limits), Number.POSITIVE_INFINITY, true);
  const store = createStore(createKeyValueDriver(space, { durability }));
  expect(await run(store, 0)).toBe(steps.length);
  return { commits: space.commits(), state: await readAll(store) };
}

describe("a process that is killed with a commit of the key-value driver", async () => {
  const { commits, state } = await countCommits();

  it(`takes many commits: ${commits}`, () => expect(commits).toBeGreaterThan(30));

  for (const applied of [true, false]) {
    it(`leaves what another goes on with, the last commit ${applied ? "applied" : "lost"}`, async () => {
      for (let lives = 0; lives < commits; lives++) {
        const clock = createManualClock();
        const entries = createMapEntries();
        const doomed = openStore(entries, clock, (space) => mortalSpace(space, lives, applied));
        const failed = await run(doomed, 0);
        const store = openStore(entries, clock);
        expect(await run(store, failed), `after ${lives} commits`).toBe(steps.length);
        expect(await readAll(store), `after ${lives} commits`).toEqual(state);
      }
    });

    it(`loses nothing to orphans, the last commit ${applied ? "applied" : "lost"}`, async () => {
      for (let lives = 0; lives < commits; lives++) {
        const clock = createManualClock();
        const entries = createMapEntries();
        await run(
          openStore(entries, clock, (space) => mortalSpace(space, lives, applied)),
          0,
        );
        const store = openStore(entries, clock);
        // Every other one expires instead.
        if (lives % 2 === 0) await store.log.delete(address);
        for (const key of ["k", "lives", "goes"])
          await store.documents.delete({ tenant: "acme", namespace: ["facts", "f"], key });
        clock.advance(2 * hour);
        await expireAll(store);
        clock.advance(30 * hour);
        await expireAll(store);
        clock.advance(200 * hour);
        await expireAll(store);
        clock.advance(200 * hour);
        await expireAll(store);
        // A tenant's floor and the epoch of its feed, which are all that is left of it.
        const left = stored(entries).filter((entry) => !/floor|feed/.test(entry));
        expect(left, `after ${lives} commits`).toEqual([]);
      }
    });
  }

  it("has removed what was erased from the space when the call returns", async () => {
    const entries = createMapEntries();
    const store = openStore(entries, createManualClock());
    await store.log.append(address, [message(long(0)), message(long(1)), message("kept")]);
    expect(stored(entries).some((entry) => entry.includes(secret))).toBe(true);
    await store.log.erase(address, { seqs: [{ from: 1, to: 2 }] });
    expect(stored(entries).filter((entry) => entry.includes(secret) || entry.includes("xxx"))).toEqual([]);
  });
});
