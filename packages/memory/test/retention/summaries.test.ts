import type { Summarizer, SummaryRequest, TokenCounter } from "@relevo/core";
import { expect, it } from "vitest";
import { createMemory, type RetentionPolicy } from "../../src/index.ts";
import { everythingIn } from "../erasure/plant.ts";
import { assistant, failure, oneStore, texts, twoStores, user } from "../fixture.ts";

const dayMs = 24 * 3600 * 1000;

/** Says what it was given, so that nothing can be lost unseen. */
function teller(): Summarizer & { readonly calls: SummaryRequest[]; failing: boolean } {
  const calls: SummaryRequest[] = [];
  return {
    name: "teller",
    model: "m-1",
    calls,
    failing: false,
    async summarize(request) {
      calls.push(request);
      if (this.failing) throw new Error("The model is down.");
      const said = request.messages.map(({ content }) => content).join(" ");
      return request.previous === undefined ? said : `${request.previous} ${said}`;
    },
  };
}

const counter: TokenCounter = { name: "one", countText: () => 1, countMessage: () => 1 };
const lead = "Summary of the conversation so far:\n";

it("a summary takes the place of old events, continues the one before, and every view shows it", async () => {
  const summarizer = teller();
  const { memory, store, clock } = oneStore({ summarizer });
  const acme = memory.tenant("acme");
  const session = acme.session("long");
  for (let turn = 1; turn <= 4; turn++) {
    await session.append([user(`q${turn}`), assistant(`a${turn}`)]);
    clock.advance(10 * dayMs);
  }
  const retention = acme.retention([{ events: { olderThanMs: 25 * dayMs }, action: "summarize" }]);
  const plan = await retention.plan();
  expect(plan).toMatchObject({ events: 4, summaries: 1 });
  const { id: _, startedAt: _s, endedAt: _e, skipped, notices, more, ...done } = await retention.apply();
  expect({ ...done, skipped, notices, more }).toEqual({ ...plan, skipped: 0, notices: [], more: false });
  expect(texts((await session.view()).messages)).toEqual([`${lead}q1 a1 q2 a2`, "q3", "a3", "q4", "a4"]);
  const [event] = (await session.events({ types: ["summary"] })).events;
  expect(event).toMatchObject({
    derivedFrom: [{ from: 1, to: 4 }],
    body: {
      strategy: "retention(teller)",
      model: "m-1",
      metadata: { covers: [{ from: 1, to: 4 }], replaces: true },
    },
  });
  // Done: neither due again, nor written again when all that is left of the old is the summary.
  expect(await retention.plan()).toMatchObject({ events: 0, summaries: 0 });
  clock.advance(10 * dayMs);
  await retention.apply();
  const whole = `${lead}q1 a1 q2 a2 q3 a3`;
  const shown = [whole, "q4", "a4"];
  expect(texts((await session.view()).messages)).toEqual(shown);
  const view = await session.view();
  expect(view).toMatchObject({ compacted: true, summarized: [{ from: 1, to: 6 }] });
  expect(view.seqs.slice(1)).toEqual([7, 8]);
  expect(summarizer.calls.map(({ messages }) => messages.length)).toEqual([4, 2]);
  // The newer one has the older one's place, also when only one is left, for ever.
  clock.advance(400 * dayMs);
  await retention.apply();
  expect(texts((await session.view()).messages)).toEqual([`${whole} q4 a4`]);
  const { updatedAt } = (await session.head()) ?? {};
  clock.advance(400 * dayMs);
  expect(await retention.apply()).toMatchObject({ events: 0, summaries: 0 });
  expect((await session.head())?.updatedAt).toBe(updatedAt);
  // What was removed can be erased: the summary tells of it.
  await session.erase({ seqs: [2] });
  expect(await everythingIn(store)).not.toContain("q1 a1");
});

it("the newest so many events stay, however often it is applied, with summaries not counted", async () => {
  const { memory } = oneStore({ summarizer: teller() });
  const acme = memory.tenant("acme");
  const session = acme.session("long");
  await session.append(Array.from({ length: 10 }, (_, index) => user(`m${index}`)));
  const retention = acme.retention([{ events: { keep: 4 }, action: "summarize" }]);
  expect(await retention.plan()).toMatchObject({ events: 6 });
  for (let time = 0; time < 3; time++) await retention.apply();
  await session.append(user("m10"));
  for (let time = 0; time < 3; time++) await retention.apply();
  const shown = texts((await session.view()).messages);
  expect(shown).toEqual([`${lead}m0 m1 m2 m3 m4 m5 m6`, "m7", "m8", "m9", "m10"]);
});

it("a pinned message stays, and a summary takes the place of what is old on both sides of it", async () => {
  const summarizer = teller();
  const { memory, store, clock } = oneStore({ summarizer });
  const acme = memory.tenant("acme");
  const session = acme.session("usual", { subject: "ana" });
  const system = { role: "system" as const, content: "Be kind." };
  await session.append([user("before"), system, user("q1"), assistant("a1"), user("q2")]);
  const { incarnation = "" } = (await session.head()) ?? {};
  const pinned = { type: "message" as const, body: user("Always this."), pinned: true };
  await store.log.append(session.address, [pinned], { incarnation });
  await session.append([assistant("a2"), user("q3")]);
  const retention = acme.retention([{ events: { keep: 2 }, action: "summarize" }]);
  expect(await retention.plan()).toMatchObject({ events: 4, summaries: 1 });
  expect(await retention.apply()).toMatchObject({ events: 4, summaries: 1, skipped: 0 });
  const shown = async () => texts((await session.view()).messages);
  const stays = "Be kind.";
  expect(await shown()).toEqual([stays, `${lead}before q1 a1 q2`, "Always this.", "a2", "q3"]);
  expect(await session.view()).toMatchObject({
    summarized: [
      { from: 1, to: 1 },
      { from: 3, to: 5 },
    ],
  });
  // Every strategy shows the same.
  const inBudget = { within: { maxTokens: 1000, counter: counter } };
  expect(texts((await session.view(inBudget)).messages)).toEqual(await shown());
  expect(await everythingIn(store)).not.toMatch(/"content":"(before|q1|a1|q2)"/u);
  expect(await retention.plan()).toMatchObject({ events: 0, summaries: 0 });
  const { updatedAt } = (await session.head()) ?? {};
  clock.advance(400 * dayMs);
  expect(await retention.apply()).toMatchObject({ events: 0 });
  expect((await session.head())?.updatedAt).toBe(updatedAt);
  await session.append([assistant("a3"), user("q4")]);
  expect(await retention.apply()).toMatchObject({ events: 3, summaries: 1 });
  expect(await shown()).toEqual([stays, `${lead}before q1 a1 q2 a2 q3`, "Always this.", "a3", "q4"]);
  expect(summarizer.calls.map(({ messages }) => texts(messages))).toEqual([
    ["before", "q1", "a1", "q2"],
    ["a2", "q3"],
  ]);
  expect(
    (await session.events({ types: ["summary"] })).events.filter(({ body }) => body !== undefined),
  ).toHaveLength(1);
  // It moves with its session, and still tells of what was removed when that is erased.
  await session.erase({ seqs: [4] });
  expect(await everythingIn(store)).not.toContain("q1 a1");
});

it("the detail stays when there is no summary, and is not lost when the process ends in between", async () => {
  const summarizer = teller();
  const { store, memory, clock } = oneStore({ summarizer });
  const acme = memory.tenant("acme");
  const session = acme.session("long");
  await session.append([user("one"), assistant("two"), user("three")]);
  const policies: RetentionPolicy[] = [{ events: { keep: 1 }, action: "summarize" }];
  summarizer.failing = true;
  const report = await acme.retention(policies).apply();
  expect(report).toMatchObject({ events: 0, summaries: 0, skipped: 1 });
  expect(report.notices).toEqual([expect.stringContaining("The model is down.")]);
  expect(texts((await session.view()).messages)).toEqual(["one", "two", "three"]);
  summarizer.failing = false;
  // The store is gone before the trim.
  clock.advance(1);
  const trimless = { ...store, log: Object.assign(Object.create(store.log), store.log) };
  trimless.log.trim = async () => {
    throw new Error("The process ended.");
  };
  const other = createMemory({ store: trimless, clock, summarizer }).tenant("acme");
  await expect(other.retention(policies).apply()).rejects.toThrow("ended");
  expect(await session.head()).toMatchObject({ firstSeq: 1, version: 4 });
  expect(texts((await session.view()).messages)).toEqual([`${lead}one two`, "three"]);
  const calls = summarizer.calls.length;
  clock.advance(1);
  await acme.retention(policies).apply();
  expect(summarizer.calls).toHaveLength(calls);
  expect(await session.head()).toMatchObject({ firstSeq: 3, version: 4 });
  expect(texts((await session.view()).messages)).toEqual([`${lead}one two`, "three"]);
  // An audit finds the one that ended early, too.
  const records = (await acme.retentionRecords()).items;
  expect(records.map(({ error, events }) => [error, events])).toEqual([
    [undefined, 2],
    ["unknown", 0],
    [undefined, 0],
  ]);
  expect(records[0]?.policies[0]?.of).toMatchObject(policies[0] as object);
});

it("behind a pinned message, too, nothing is lost when the process ends in between, and the session can be moved", async () => {
  const summarizer = teller();
  const { volatile, durable, clock } = twoStores();
  const all = { volatile, durable, sessions: "volatile" as const, clock, summarizer };
  const acme = createMemory(all).tenant("acme");
  const session = acme.session("usual");
  await session.append([
    { role: "system", content: "Be kind." },
    user("one"),
    assistant("two"),
    user("three"),
  ]);
  const { incarnation = "", removalRevision } = await volatile.log.read(session.address);
  const events = { session: "usual", incarnation, removalRevision, ranges: [{ from: 2, to: 2 }] };
  const fact = { ...session.address, namespace: ["facts"], key: "fact" };
  await volatile.documents.put(fact, { value: "of one", derivedFrom: { events } });
  const policies: RetentionPolicy[] = [{ events: { keep: 1 }, action: "summarize" }];
  const eraseless = { ...volatile, log: Object.assign(Object.create(volatile.log), volatile.log) };
  eraseless.log.erase = async () => {
    throw new Error("The process ended.");
  };
  const other = createMemory({ ...all, volatile: eraseless }).tenant("acme");
  await expect(other.retention(policies).apply()).rejects.toThrow("ended");
  const shown = ["Be kind.", `${lead}one two`, "three"];
  expect(texts((await session.view()).messages)).toEqual(shown);
  expect(await acme.retention(policies).apply()).toMatchObject({ events: 2 });
  expect(summarizer.calls).toHaveLength(1);
  const { events: left } = await session.events();
  expect(left.map(({ erasedAt }) => erasedAt !== undefined)).toEqual([false, true, true, false, false]);
  await acme.archive("usual");
  await acme.restore("usual");
  expect(texts((await acme.session("usual").view()).messages)).toEqual(shown);
  expect((await volatile.documents.get(fact))?.value).toBe("of one");
  const lines: string[] = [];
  for await (const line of acme.export()) lines.push(line);
  const copy = oneStore().memory.tenant("acme");
  await copy.import(lines);
  expect(texts((await copy.session("usual").view()).messages)).toEqual(shown);
  await acme.session("usual").erase({ seqs: [2] });
  expect(await everythingIn(volatile)).not.toMatch(/of one|one two/u);
});

it("two processes write one summary, and who writes, erases or takes back meanwhile loses nothing", async () => {
  for (const meanwhile of ["append", "erase", "undo", "apply"] as const) {
    const summarizer = teller();
    const { memory, store } = oneStore({ summarizer });
    const acme = memory.tenant("acme");
    const session = acme.session("long");
    await session.append([user("one"), assistant("two"), user("three"), user("four")]);
    const retention = acme.retention([{ events: { keep: 1 }, action: "summarize" }]);
    const { summarize: plain } = summarizer;
    summarizer.summarize = async (request) => {
      summarizer.summarize = plain;
      if (meanwhile === "append") await session.append(user("five"));
      if (meanwhile === "erase") await session.erase({ seqs: [2] });
      if (meanwhile === "undo") await session.retract({ seqs: [2] });
      if (meanwhile === "apply") await retention.apply();
      return plain.call(summarizer, request);
    };
    await retention.apply();
    const first = meanwhile === "erase" || meanwhile === "undo" ? "one three" : "one two three";
    const last = meanwhile === "append" ? ["four", "five"] : ["four"];
    expect(texts((await session.view()).messages), meanwhile).toEqual([`${lead}${first}`, ...last]);
    expect((await session.events({ types: ["summary"] })).events).toHaveLength(1);
    expect((await everythingIn(store)).includes("two")).toBe(first.includes("two"));
  }
});

it("memories of one namespace become one summary that names them, and go", async () => {
  const summarizer = teller();
  const { store, clock, errors } = oneStore();
  const memory = createMemory({ store, clock, summarizer, history: { agents: 5 } });
  const acme = memory.tenant("acme");
  const clerk = acme.agent("clerk");
  const ana = acme.session("s", { subject: "ana" });
  await ana.append(user("x"));
  for (let index = 0; index < 5; index++) {
    clock.advance(1000);
    await clerk.remember(`note ${index}`, `draft ${index}`);
    await clerk.remember(`note ${index}`, `fact ${index}`, {
      tier: "both",
      metadata: { importance: index / 10 },
    });
  }
  await ana.agent("clerk").remember("about ana", "ana is tall", { tier: "durable" });
  await clerk.remember("keep", "me", { tags: ["pinned"] });
  await clerk.remember("short", "lived", { ttlMs: 90 * dayMs });
  await acme.agent("writer").remember("single", "stays");
  clock.advance(40 * dayMs);
  await clerk.remember("young", "stays");
  const retention = acme.retention([{ agents: { olderThanMs: 30 * dayMs }, action: "summarize" }]);
  const plan = await retention.plan();
  expect(plan).toMatchObject({ documents: 6, summaries: 1 });
  summarizer.failing = true;
  expect(await retention.apply()).toMatchObject({ documents: 0, summaries: 0, skipped: 1 });
  expect(await clerk.recall("note 0")).toBe("fact 0");
  summarizer.failing = false;
  expect(await retention.apply()).toMatchObject({ documents: 6, summaries: 1, skipped: 0 });
  clock.advance(2);
  expect(await retention.plan()).toMatchObject({ documents: 0, summaries: 0 });
  const { items } = await clerk.entries();
  const summary = items.find((entry) => entry.summary !== undefined);
  expect(items.map(({ key }) => key).sort()).toEqual(["keep", "short", summary?.key, "young"].sort());
  expect(summary).toMatchObject({
    value: expect.stringMatching(/note 0: fact 0 .*note 4: fact 4 about ana: ana is tall/u),
    metadata: { importance: 0.4 },
    summary: { strategy: "retention(teller)", model: "m-1" },
  });
  expect(summary?.summary?.of.map(({ key }) => key)).toEqual(
    [0, 1, 2, 3, 4].map((n) => `note ${n}`).concat("about ana"),
  );
  expect(await clerk.recall("note 0")).toBeUndefined();
  expect(await acme.agent("writer").recall("single")).toBe("stays");
  const all = await everythingIn(store);
  expect(all).not.toContain("draft 0");
  expect(all.split("fact 0")).toHaveLength(2);
  // Erasing the person, of whom one more document says that there is one, reaches the summary by where its sources came from, forgetting by their names.
  expect(await acme.erase({ user: "ana" }, { dryRun: true })).toMatchObject({ removed: { documents: 2 } });
  await clerk.forget("note 3");
  expect(await everythingIn(store)).not.toContain("fact ");
  expect(errors).toEqual([]);
});

it("a summary of memories survives a crash between any two steps, and is the only one", async () => {
  for (const method of ["put", "find"] as const)
    for (let at = 1; at < 9; at++) {
      const summarizer = teller();
      const { clock, durable, durableFaults, volatile } = twoStores();
      const memory = createMemory({ durable, volatile, sessions: "volatile", clock, summarizer });
      const acme = memory.tenant("acme");
      const names = ["a", "b", "c"];
      for (const name of names) await acme.user("ana").remember(name, `value ${name}`, { tier: "both" });
      clock.advance(40 * dayMs);
      const retention = acme.retention([{ users: { olderThanMs: 30 * dayMs }, action: "summarize" }]);
      let calls = 0;
      const arm = (): void => {
        const run = async (): Promise<void> => {
          if (++calls === at) throw new Error("The process ended.");
          arm();
        };
        durableFaults.after = { method, run };
      };
      arm();
      await retention.apply().catch(() => undefined);
      durableFaults.after = undefined;
      clock.advance(20 * 60_000);
      await retention.apply();
      clock.advance(2);
      const { items } = await acme.user("ana").entries();
      expect(
        items.map(({ value }) => value),
        `${method} ${at}`,
      ).toEqual(["a: value a b: value b c: value c"]);
      expect(await acme.user("ana").recall("a")).toBeUndefined();
    }
});

it("what is held, written meanwhile or being summarized elsewhere stays", async () => {
  const summarizer = teller();
  const { memory, clock } = oneStore({ summarizer });
  const acme = memory.tenant("acme");
  const brand = acme.workspace("brand");
  const session = acme.session("s", { subject: "eva" });
  await session.append(user("x"));
  for (const name of ["a", "b", "c"]) await brand.remember(name, `value ${name}`);
  await brand
    .as({ session, agent: "clerk" })
    .remember("of eva", "secret")
    .catch(() => undefined);
  await acme.user("eva").remember("own", 1);
  await acme.user("eva").remember("more", 2);
  clock.advance(40 * dayMs);
  const retention = acme.retention([
    { workspaces: { olderThanMs: 30 * dayMs, workspace: "brand" }, action: "summarize" },
    { users: { olderThanMs: 30 * dayMs }, action: "summarize" },
  ]);
  const { summarize: plain } = summarizer;
  let nested: unknown;
  summarizer.summarize = async (request) => {
    summarizer.summarize = plain;
    // A hold that is set while it runs, another process, and a writer.
    await acme.hold({ user: "eva" }, { reason: "court" });
    nested = await acme.retention([{ workspaces: { keep: 1 }, action: "summarize" }]).apply();
    return plain.call(summarizer, request);
  };
  const report = await retention.apply();
  expect(nested).toMatchObject({ documents: 0, skipped: 1 });
  expect(report.policies).toMatchObject([
    { documents: 3, summaries: 1 },
    { documents: 0, held: 2 },
  ]);
  expect(await acme.user("eva").recall("own")).toBe(1);
});

it("a policy that cannot be done is refused", async () => {
  const { memory, store } = oneStore();
  const acme = memory.tenant("acme");
  const events: RetentionPolicy = { events: { keep: 5 }, action: "summarize" };
  expect(() => acme.retention([events])).toThrow("summarizer");
  expect(() => createMemory({ store, summarizer: {} as never })).toThrow("summarize");
  const able = createMemory({ store, summarizer: teller() }).tenant("acme");
  for (const policies of [
    [{ ...events, maxTokens: 0 }],
    [{ events: { keep: 5, derived: "erase" }, action: "summarize" }],
    [{ events: { keep: 5 }, maxTokens: 10 }],
    [{ documents: { keep: 5, namespacePrefix: ["app"] }, action: "summarize" }],
    [{ sessions: { idleMs: 5 }, action: "summarize" }],
    [events, { events: { keep: 5 } }],
    [{ users: { keep: 5 } }, { users: { keep: 5 }, action: "summarize" }],
  ])
    expect(() => able.retention(policies as RetentionPolicy[]), JSON.stringify(policies)).toThrow(
      /policies/u,
    );
  able.retention([events, { events: { keep: 100 } }, { events: { olderThanMs: 5 } }]);
  await failure(acme.retentionRecords({ limt: 1 } as object), "invalid-input");
});

it("a summary is superseded like any memory, and still goes with what it is of", async () => {
  const { memory, clock } = oneStore({ summarizer: teller() });
  const acme = memory.tenant("acme");
  const clerk = acme.agent("clerk");
  for (const key of ["a", "b"]) await clerk.remember(key, `value ${key}`, { tier: "durable" });
  clock.advance(40 * dayMs);
  await acme.retention([{ agents: { olderThanMs: 30 * dayMs }, action: "summarize" }]).apply();
  clock.advance(1_000);
  const { items } = await clerk.entries();
  const [summary] = items;
  expect(items).toMatchObject([{ value: "a: value a b: value b" }]);
  await clerk.remember("newer", "other values", { tier: "durable", supersedes: [summary?.key ?? ""] });
  expect(await clerk.entry(summary?.key ?? "")).toMatchObject({
    value: summary?.value,
    summary: summary?.summary,
  });
  await clerk.forget("a");
  expect(await clerk.recall(summary?.key ?? "")).toBeUndefined();
  expect(await clerk.recall("newer")).toBe("other values");
});
