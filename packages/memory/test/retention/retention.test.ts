import fc from "fast-check";
import { expect, it } from "vitest";
import { createMemory, type RetentionPolicy, type Tenant } from "../../src/index.ts";
import { everythingIn } from "../erasure/plant.ts";
import { aborted, assistant, failure, oneStore, texts, twoStores, user } from "../fixture.ts";

const dayMs = 24 * 3600 * 1000;

/** Applies until nothing is left, a few at a time. */
async function applyAll(acme: Tenant, policies: readonly RetentionPolicy[], limit: number): Promise<number> {
  let removed = 0;
  for (let more = true; more; ) {
    const report = await acme.retention(policies).apply({ limit });
    removed += report.sessions + report.events + report.documents;
    ({ more } = report);
  }
  return removed;
}

it("idle sessions are archived or erased, as planned, and no other", async () => {
  const { memory, clock, volatile, durable } = twoStores();
  const acme = memory.tenant("acme");
  for (const [id, subject] of [
    ["a", "ana"],
    ["b", "bob"],
    ["c", "ana"],
  ] as const) {
    const session = acme.session(id, { subject });
    await session.append([user(`words of ${id}`), assistant("x")]);
    await session.agent("clerk").remember(`from ${id}`, `learned in ${id}`, { tier: "durable" });
    clock.advance(10 * dayMs);
  }
  const erasing = acme.retention([
    { sessions: { idleMs: 15 * dayMs, subject: "bob" }, action: "erase" },
    { sessions: { idleMs: 15 * dayMs }, action: "archive" },
  ]);
  const plan = await erasing.plan();
  expect(plan.policies).toMatchObject([
    { sessions: 1, events: 2 },
    { sessions: 2, events: 4 },
  ]);
  await acme.hold({ session: "b" }, { reason: "court" });
  expect((await erasing.plan()).policies[0]).toEqual({
    sessions: 0,
    events: 0,
    documents: 0,
    summaries: 0,
    held: 1,
  });
  await acme.release({ session: "b" });
  const report = await erasing.apply();
  expect(report).toMatchObject({ sessions: 2, held: 0, skipped: 0, more: false });
  expect((await acme.sessions()).items.map(({ session }) => session)).toEqual(["c"]);
  expect((await acme.archived()).items.map(({ session }) => session)).toEqual(["a"]);
  const left = [await everythingIn(volatile), await everythingIn(durable)].join();
  expect(left).not.toContain("words of b");
  expect(left).not.toContain("learned in b");
  expect(await acme.agent("clerk").recall("from a")).toBe("learned in a");
  // An audit finds what was done, and by which policy.
  const namespace = ["relevo", "retentions"];
  const record = await durable.documents.get({ tenant: "acme", namespace, key: report.id });
  expect(record?.value).toMatchObject({
    sessions: 2,
    policies: [{ sessions: 1, of: { action: "erase" } }, {}],
  });
  expect(await erasing.plan()).toMatchObject({ sessions: 0 });
});

it("old events go, from the start of a log up to what is pinned, with what was derived from them or without", async () => {
  for (const derived of ["erase", "keep"] as const) {
    const { memory, clock, store } = oneStore();
    const acme = memory.tenant("acme");
    const session = acme.session("long");
    for (let part = 0; part < 5; part++) {
      await session.append(Array.from({ length: 4 }, (_, index) => user(`${part}-${index}`)));
      clock.advance(dayMs);
    }
    const pinned = acme.session("pinned");
    await pinned.append([user("before"), { role: "system", content: "Be kind." }, user("a"), user("b")]);
    const head = await session.head();
    await store.log.append(
      session.address,
      [
        {
          type: "summary",
          body: { text: "Sum of 0", sourceHash: "x", strategy: "t", tokensBefore: 9, tokensAfter: 1 },
          derivedFrom: [{ from: 1, to: 4 }],
        },
      ],
      { incarnation: head?.incarnation ?? "", removalRevision: head?.removalRevision ?? 0 },
    );
    const byAge = acme.retention([{ events: { olderThanMs: 3 * dayMs, derived } }]);
    expect(await byAge.plan()).toMatchObject({ sessions: 0, events: 12 });
    expect(await byAge.apply()).toMatchObject({ events: 12 });
    expect(texts(await session.messages())[0]).toBe("3-0");
    const byCount = acme.retention([{ events: { keep: 2, derived } }]);
    expect(await byCount.plan()).toMatchObject({ events: 6 + 1 });
    await byCount.apply();
    expect(texts(await session.messages())).toEqual(["4-2", "4-3"]);
    expect(texts(await pinned.messages())).toEqual(["Be kind.", "a", "b"]);
    expect((await everythingIn(store)).includes("Sum of 0")).toBe(derived === "keep");
    expect(await byCount.plan()).toMatchObject({ events: 0 });
    await session.append(user("goes on"));
  }
});

it("behind a pinned event old ones are erased, in any number, once; what is pinned stays", async () => {
  const { memory, store } = oneStore();
  const acme = memory.tenant("acme");
  const session = acme.session("usual");
  const system = (content: string) => ({ role: "system" as const, content });
  await session.append([system("Be kind."), user("secret"), user("old")]);
  await session.append([
    system("Be brief."),
    ...Array.from({ length: 999 }, (_, index) => user(`m${index}`)),
  ]);
  await session.append([user("new"), user("newest")]);
  const of = (policy: RetentionPolicy) => acme.retention([policy]);
  expect(await of({ events: { keep: 2, derived: "keep" } }).plan()).toMatchObject({ events: 1001 });
  const old = of({ events: { keep: 2 } });
  expect(await old.plan()).toMatchObject({ events: 1001 });
  expect(await old.apply()).toMatchObject({ events: 1001, skipped: 0 });
  expect(texts(await session.messages())).toEqual(["Be kind.", "Be brief.", "new", "newest"]);
  expect(await everythingIn(store)).not.toMatch(/secret|m998/u);
  const { version, revision } = (await session.head()) ?? {};
  expect(await old.plan()).toMatchObject({ events: 0 });
  await old.apply();
  expect(await session.head()).toMatchObject({ version, revision });
  await session.append(user("goes on"));
  expect(await old.apply()).toMatchObject({ events: 1 });
  expect(texts(await session.messages())).toEqual(["Be kind.", "Be brief.", "newest", "goes on"]);
});

it("behind a pinned event what was derived from the old ones stays when it is to be kept, and goes with an erasure", async () => {
  const { memory, store } = oneStore();
  const acme = memory.tenant("acme");
  const session = acme.session("usual");
  await session.append([{ role: "system", content: "Be kind." }, user("secret"), user("old"), user("new")]);
  const { incarnation, removalRevision } = await store.log.read(session.address);
  const events = {
    session: "usual",
    incarnation: incarnation ?? "",
    removalRevision,
    ranges: [{ from: 2, to: 2 }],
  };
  const fact = { tenant: "acme", namespace: ["app", "facts"], key: "fact" };
  await store.documents.put(fact, { value: "tells of the secret", derivedFrom: { events } });
  const summary = { text: "Sum of it", sourceHash: "x", strategy: "t", tokensBefore: 9, tokensAfter: 1 };
  await store.log.append(
    session.address,
    [{ type: "summary", body: summary, derivedFrom: [{ from: 2, to: 3 }] }],
    { incarnation: incarnation ?? "", removalRevision },
  );
  const policy: RetentionPolicy = { events: { keep: 2, derived: "keep" } };
  expect(await acme.retention([policy]).apply()).toMatchObject({ events: 1 });
  expect(await everythingIn(store)).not.toMatch(/"secret"/u);
  await session.append(user("newest"));
  expect(await acme.retention([policy]).apply()).toMatchObject({ events: 1 });
  expect(texts(await session.messages())).toEqual(["Be kind.", "new", "newest"]);
  expect((await session.events({ types: ["summary"] })).events).toMatchObject([
    { body: { text: "Sum of it" } },
  ]);
  expect((await store.documents.get(fact))?.value).toBe("tells of the secret");
  expect(await acme.retention([policy]).plan()).toMatchObject({ events: 0 });
  await session.erase({ seqs: [2] });
  expect(await everythingIn(store)).not.toMatch(/Sum of it|tells of/u);
});

it("memories go by age, number, importance and tag; what is pinned or held stays, copies go along", async () => {
  const { memory, clock } = twoStores();
  const acme = memory.tenant("acme");
  const clerk = acme.agent("clerk");
  await clerk.remember("old", 1, { tier: "both" });
  await clerk.remember("old pinned", 1, { tags: ["pinned"] });
  const held = acme.session("held", { subject: "eva" });
  await held.append(user("x"));
  await held.agent("clerk").remember("old held", 1, { tier: "durable" });
  await acme.hold({ user: "eva" }, { reason: "court" });
  clock.advance(40 * dayMs);
  await clerk.remember("weighty", 1, { metadata: { importance: 1 } });
  await clerk.remember("light", 1, { metadata: { importance: 0.1 }, tags: ["chat"] });
  await acme.agent("writer").remember("light", 1, { metadata: { importance: 0.1 }, tags: ["chat"] });
  const light = acme.retention([
    { agents: { agent: "clerk", belowImportance: 0.2, tags: { any: ["chat"] } } },
  ]);
  expect(await light.apply()).toMatchObject({ documents: 1, held: 0 });
  expect(await clerk.recall("light")).toBeUndefined();
  expect(await acme.agent("writer").recall("light")).toBe(1);
  const old = acme.retention([{ agents: { olderThanMs: 30 * dayMs } }]);
  expect(await old.plan()).toMatchObject({ documents: 1, held: 1 });
  await old.apply();
  expect(await clerk.recall("old")).toBeUndefined();
  expect([await clerk.recall("old pinned"), await clerk.recall("old held")]).toEqual([1, 1]);
});

it("a memory that is written anew while it is removed stays", async () => {
  const { memory, clock, durableFaults } = twoStores();
  const clerk = memory.tenant("acme").agent("clerk");
  await clerk.remember("style", "old");
  clock.advance(40 * dayMs);
  const run = async () => void (await clerk.remember("style", "new"));
  durableFaults.after = { method: "delete", run };
  const old = memory.tenant("acme").retention([{ agents: { olderThanMs: 30 * dayMs } }]);
  await old.apply();
  expect(durableFaults.after).toBeUndefined();
  expect(await clerk.recall("style")).toBe("new");
});

it("a memory of more people than it can name stays while any of them may be held", async () => {
  const { memory, clock } = oneStore();
  const acme = memory.tenant("acme");
  for (const subject of ["eva", ...Array.from({ length: 15 }, (_, place) => `other-${place}`)]) {
    const session = acme.session(`of-${subject}`, { subject });
    await session.append(user("x"));
    await session.agent("clerk").update("all", (known) => `${known ?? ""} ${subject}`, { tier: "durable" });
  }
  clock.advance(40 * dayMs);
  const old = acme.retention([{ agents: { olderThanMs: 30 * dayMs } }]);
  await acme.hold({ user: "eva" }, { reason: "court" });
  expect(await old.apply()).toMatchObject({ documents: 0, held: 1 });
  await acme.release({ user: "eva" });
  expect(await old.apply()).toMatchObject({ documents: 1, held: 0 });
});

it("the application may say what is important", async () => {
  const { store, clock } = oneStore();
  const score = ({ key }: { readonly key: string }): number => (key === "a" ? 0.1 : 0.9);
  const acme = createMemory({ store, clock, importance: { score } }).tenant("acme");
  for (const key of ["a", "b"]) await acme.agent("clerk").remember(key, 1);
  await acme.retention([{ agents: { belowImportance: 0.5 } }]).apply();
  expect([await acme.agent("clerk").recall("a"), await acme.agent("clerk").recall("b")]).toEqual([
    undefined,
    1,
  ]);
  expect(() => createMemory({ store, importance: {} as never })).toThrow("score");
});

it("of documents the newest of each namespace stay, as a reference has it", async () => {
  const document = fc.record({
    namespace: fc.constantFrom("a", "b", "c"),
    key: fc.constantFrom("k", "l", "m", "n", "o"),
    tag: fc.constantFrom("x", "y", "pinned"),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
      async (writes, keep, limit, age) => {
        const { memory, clock, store } = oneStore();
        const kept = new Map<string, { namespace: string; tag: string; at: number }>();
        for (const { namespace, key, tag } of writes) {
          clock.advance(1_000);
          await store.documents.put(
            { tenant: "acme", namespace: ["app", namespace], key },
            { value: 1, tags: [tag] },
          );
          kept.set(`${namespace}/${key}`, { namespace, tag, at: clock.now() });
        }
        const now = clock.now();
        const left = new Set(kept.keys());
        for (const name of ["a", "b", "c"]) {
          const own = [...kept].filter(([, { namespace }]) => namespace === name);
          for (const [id, { tag, at }] of own.sort(([, a], [, b]) => b.at - a.at).slice(keep))
            if (tag !== "pinned" && (age === undefined || at <= now - age * 1_000)) left.delete(id);
        }
        const acme = memory.tenant("acme");
        const policy = { keep, ...(age === undefined ? {} : { olderThanMs: age * 1_000 }) };
        const policies = [{ documents: { namespacePrefix: ["app"], ...policy } }];
        const plan = await acme.retention(policies).plan();
        expect(plan.documents).toBe(kept.size - left.size);
        expect(await applyAll(acme, policies, limit)).toBe(plan.documents);
        const found = await store.documents.find(
          { tenant: "acme" },
          { namespacePrefix: ["app"], limit: 100 },
        );
        expect(new Set(found.items.map((one) => `${one.namespace[1]}/${one.key}`))).toEqual(left);
      },
    ),
    { numRuns: 8 },
  );
});

it("a policy that says nothing, or would remove everything, is refused", async () => {
  const { memory } = oneStore();
  const acme = memory.tenant("acme");
  const policies: readonly unknown[] = [
    undefined,
    [],
    [{}],
    [{ sessions: { idleMs: 1 } }],
    [{ sessions: {}, action: "erase" }],
    [{ sessions: { idleMs: 0 }, action: "erase" }],
    [{ sessions: { idleMs: 1 }, action: "burn" }],
    [{ sessions: { idleMs: 1, subject: undefined }, action: "erase" }],
    [{ events: {} }],
    [{ events: { keep: 0 } }],
    [{ events: { keep: 1, olderThanMs: 1 } }],
    [{ events: { keep: 1 }, action: "erase" }],
    [{ events: { keep: 1 }, agents: { keep: 1 } }],
    [{ agents: {} }],
    [{ agents: { tags: { any: ["x"] } } }],
    [{ agents: { belowImportance: 2 } }],
    [{ agents: { keep: 1, agent: "" } }],
    [{ documents: { keep: 1 } }],
    [{ documents: { keep: 1, namespacePrefix: [] } }],
    [{ documents: { keep: 1, namespacePrefix: ["relevo"] } }],
    [{ documents: { keep: 1, namespacePrefix: ["relevo:user"] } }],
    [{ documents: { kep: 1, namespacePrefix: ["app"] } }],
  ];
  for (const one of policies)
    expect(() => acme.retention(one as RetentionPolicy[]), JSON.stringify(one)).toThrow(/policies/u);
  expect(() => acme.retention([{ sessions: { idleMs: 1 }, action: "archive" }])).toThrow("no archive");
  const fine = acme.retention([{ agents: { keep: 1 } }]);
  await failure(fine.apply({ limit: 0 }), "invalid-input");
  await failure(fine.apply({ limt: 1 } as object), "invalid-input");
  await failure(fine.plan(aborted()), "aborted");
  await memory.close();
  await failure(fine.plan(), "closed");
  await failure(fine.apply(), "closed");
});

it("usage that messages carry is summed up in the activity", async () => {
  const { memory } = oneStore();
  const session = memory.tenant("acme").session("chat");
  await session.append([
    user("Hola"),
    {
      ...assistant("a"),
      metadata: {
        usage: { inputTokens: 10, outputTokens: 2, cost: 0.25, prompt_tokens_details: { cached_tokens: 4 } },
      },
    },
    { ...assistant("b"), metadata: { usage_metadata: { input_tokens: 5, output_tokens: 1 } } },
    { ...assistant("c"), metadata: { usage: { inputTokens: "many", output_tokens: -1 } } },
    { ...user("d"), metadata: { usage: { inputTokens: 100 } } },
  ]);
  expect((await session.activity()).usage).toEqual({
    messages: 2,
    inputTokens: 15,
    outputTokens: 3,
    cachedInputTokens: 4,
    cost: 0.25,
  });
});
