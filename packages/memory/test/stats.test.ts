import { createManualClock, type EventInput, type ReadResult, type Store } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { createMemory, type MemoryOptions, type TenantStats } from "../src/index.ts";
import { aborted, assistant, failure, oneStore, storyCount, user } from "./fixture.ts";
import { randomFrom } from "./stats/random.ts";
import { countEverything } from "./stats/reference.ts";

/** What is counted from changes, without what is as of now. */
const counted = ({ asOf, complete, active, newestAt, ...rest }: TenantStats): unknown => rest;

const arrangements: readonly ("one" | "volatile" | "durable")[] = ["one", "volatile", "durable"];

it.each(arrangements)(
  "statistics of two processes are those of a count of everything, after every change (%s)",
  async (sessions) => {
    for (let seed = 1; seed <= storyCount(8); seed++) {
      const clock = createManualClock();
      const stores = [1, 2, 3].map(() => createMemoryStore({ clock, sweepIntervalMs: 0 })) as Store[];
      const [volatile, durable, archive] = stores;
      const options = (
        sessions === "one"
          ? { store: durable, archive, clock }
          : { volatile, durable, sessions, clock, ...(sessions === "durable" ? { archive } : {}) }
      ) as MemoryOptions;
      const memory = createMemory(options);
      const elsewhere = createMemory(options);
      const { pick, chance } = randomFrom(seed);
      const acme = memory.tenant("acme");
      const id = (): string => pick(["a", "b", "c", "d"]);
      const tier = (): "durable" | "volatile" | "both" => pick(["durable", "volatile", "both"]);
      const usage = { usage: { input_tokens: 7, outputTokens: 2, cost: 0.1 } };
      const handoff = (status: "started" | "completed"): EventInput => ({
        type: "handoff",
        body: { handoffId: id(), status, from: "x", to: "y", reason: "r", priority: "normal", depth: 0 },
      });
      const changes: readonly (() => Promise<unknown>)[] = [
        () =>
          acme
            .session(id(), { subject: pick(["ana", "bo"]), ttlMs: pick([60_000, null]) })
            .append([user("q"), { ...assistant("a"), metadata: usage }]),
        () => acme.session(id()).append(handoff(pick(["started", "completed"]))),
        () => acme.session(id()).recordExecution({ status: pick(["running", "completed", "failed"]) }),
        () => acme.session(id()).popMessage(),
        () => acme.session(id()).clear(),
        async () => {
          const session = acme.session(id());
          const [message] = await session.messages();
          if (message?.id !== undefined) await session.erase({ ids: [message.id] });
        },
        () => acme.retention([{ events: { keep: 3 } }]).apply(),
        () => acme.session(id()).working.remember(id(), 1),
        () => acme.session(id()).delete(),
        () => acme.agent(id()).remember(id(), 1, { tier: tier() }),
        () => acme.agent(id()).forget(id()),
        () => acme.agent(id()).recordOutcome({ success: true }),
        () => acme.user(id()).remember(id(), 1, { tier: tier() }),
        () => acme.agent("x").for(id()).remember(id(), 1, { tier: tier() }),
        () => acme.user(id()).erase(),
        () => acme.workspace(id()).remember(id(), 1, { tier: tier() }),
        () => acme.workspace(id()).forget(id()),
        () => acme.knowledge.add([{ id: id(), text: "fact" }]),
        () =>
          (durable as Store).documents.put(
            { tenant: "acme", namespace: pick([["app"], ["app", "x"]]), key: id() },
            { value: 1 },
          ),
        () => acme.archive(id()),
        () => acme.restore(id()),
        () => memory.tenant("other").session(id()).append(user("x")),
      ];
      for (let step = 0; step < 60; step++) {
        // Nothing to move, or something in the way: no change then.
        await pick(changes)().catch(() => undefined);
        if (chance(0.1)) {
          clock.advance(40_000);
          for (const store of stores) await store.maintenance?.expire();
        }
        if (chance(0.5)) continue;
        const bounds = { maxUnits: pick([1, 2, 100]), maxEvents: pick([1, 3, 1_000]) };
        for (const one of [memory, elsewhere]) {
          let found: TenantStats;
          do {
            const [first] = await Promise.all(
              [memory, one].map((process) => process.tenant("acme").stats(bounds)),
            );
            found = first as TenantStats;
          } while (!found.complete);
          const everything = await countEverything(one, options, "acme");
          expect(counted(found), `seed ${seed}, step ${step}`).toEqual(everything);
          expect(found.asOf).toBe(clock.now());
        }
      }
      await Promise.all([memory.close(), elsewhere.close()]);
    }
  },
);

it("says how fresh the counts are, and what is active now", async () => {
  const { memory, clock, store } = oneStore();
  const acme = memory.tenant("acme");
  expect(await acme.stats()).toMatchObject({ sessions: 0, active: 0, people: 0, complete: true });
  for (const id of ["a", "b", "c"]) {
    await acme.session(id).append(user(id));
    clock.advance(1_000);
  }
  const before = await acme.stats({ maxUnits: 0 });
  expect(before).toMatchObject({ sessions: 0, active: 3, newestAt: clock.now() - 1_000, complete: false });
  expect(before).not.toHaveProperty("asOf");
  expect(await acme.stats({ maxUnits: 2 })).toMatchObject({ sessions: 2, complete: false });
  expect(await acme.stats({ activeMs: 2_500 })).toMatchObject({ sessions: 3, active: 2, complete: true });
  const asOf = clock.now();
  clock.advance(5);
  await acme.session("a").append(user("again"));
  expect(await acme.stats({ maxUnits: 0 })).toMatchObject({ events: 3, asOf, complete: false });
  expect(await acme.stats({ maxActive: 1 })).toMatchObject({ events: 4, active: 1, complete: true });
  expect(await acme.stats()).not.toHaveProperty("archive");
  for (const bad of [{ maxUnits: -1 }, { maxEvents: 0 }, { activeMs: 0.5 }, { maxActive: Number.NaN }])
    await failure(acme.stats(bad), "invalid-input");
  await failure(acme.stats(aborted()), "aborted");
  const { feed: _, ...without } = store;
  await failure(createMemory({ store: without }).tenant("acme").stats(), "unsupported");
});

it("of two processes, one never writes over what the other has counted meanwhile", async () => {
  const { memory, store } = oneStore();
  const fast = memory.tenant("acme");
  await fast.session("a").append(user("x"));
  let meanwhile = true;
  const documents: typeof store.documents = {
    ...store.documents,
    async putMany(...call) {
      if (meanwhile) {
        meanwhile = false;
        await fast.session("b").append(user("x"));
        await fast.stats();
      }
      return store.documents.putMany(...call);
    },
  };
  const slow = createMemory({ store: { ...store, documents } }).tenant("acme");
  expect(await slow.stats()).toMatchObject({ sessions: 2, events: 2, complete: true });
  expect(await fast.stats()).toMatchObject({ sessions: 2, events: 2, complete: true });
});

it("the calls and events of a count follow what changed, whatever is there", async () => {
  const store = createMemoryStore();
  const filler = createMemory({ store, cache: false }).tenant("acme");
  const calls: string[] = [];
  let events = 0;
  let found = 0;
  const counting = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get:
        (target, name) =>
        async (...args: unknown[]) => {
          calls.push(String(name));
          const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<ReadResult>;
          const result = await method.apply(target, args);
          if (name === "read") events += result.events.length;
          if (name === "find")
            found += (result as unknown as { readonly items: readonly unknown[] }).items.length;
          return result;
        },
    });
  const { log, documents, feed } = store;
  const watched = { ...store, log: counting(log), documents: counting(documents), feed: counting(feed) };
  const acme = createMemory({ store: watched, cache: false }).tenant("acme");
  const costs: unknown[] = [];
  for (const [sessions, memories] of [
    [50, 50],
    [500, 1500],
  ] as const) {
    for (let index = 0; index < sessions; index++)
      await filler.session(`s${index}`).append(Array.from({ length: 10 }, () => user("x")));
    for (let index = 0; index < memories; index++)
      await filler.agent("a").remember(`k${memories}-${index}`, index);
    while (!(await acme.stats()).complete);
    await filler.session("s1").append(user("y"));
    await filler.agent("a").remember("k", 1);
    for (let time = 0; time < 2; time++) {
      calls.length = 0;
      events = 0;
      found = 0;
      await acme.stats();
      costs.push([events, calls.toSorted()]);
      expect(found, "documents that were read to be counted").toBe(0);
    }
  }
  expect(costs.slice(2)).toEqual(costs.slice(0, 2));
  expect(costs.map((cost) => (cost as [number])[0])).toEqual([1, 0, 1, 0]);
  await store.close();
});

it("counts again when a store has lost its history, and takes only numbers", async () => {
  const { memory, clock, store } = oneStore();
  const acme = memory.tenant("acme");
  const huge = { ...assistant("a"), metadata: { usage: { inputTokens: 1e308, outputTokens: 3, cost: -1 } } };
  await acme.session("a").append([huge, huge]);
  await acme.agent("x").remember("k", 1);
  const first = await acme.stats();
  expect(first.usage).toEqual({
    messages: 2,
    inputTokens: 0,
    outputTokens: 6,
    cachedInputTokens: 0,
    cost: 0,
  });
  // Another store in its place, with the statistics of the first: as after a restart from an old copy.
  const other = createMemoryStore({ clock, sweepIntervalMs: 0 });
  const kept = await store.documents.find({ tenant: "acme" }, { namespacePrefix: ["relevo:stats"] });
  expect(kept.items.length).toBeGreaterThan(2);
  await other.documents.putMany(
    kept.items.map(({ namespace, key, value }) => ({ address: { tenant: "acme", namespace, key }, value })),
  );
  const next = createMemory({ store: other, clock }).tenant("acme");
  await next.session("b").append(user("x"));
  expect(await next.stats()).toMatchObject({ sessions: 1, events: 1, agents: 0, documents: { total: 0 } });
  // What was counted before goes, a part with each call.
  const left = async (): Promise<number> =>
    (await other.documents.find({ tenant: "acme" }, { namespacePrefix: ["relevo:stats"] })).items.length;
  await next.stats();
  expect(await left()).toBe(2);
  const text: string[] = [];
  for await (const line of next.export()) text.push(line);
  expect(text.join("")).not.toContain("relevo:stats");
});
