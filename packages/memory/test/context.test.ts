import type { EventInput } from "@relevo/core";
import { describe, expect, it } from "vitest";
import { aborted, assistant, everyMethod, failure, oneStore, texts, twoStores, user } from "./fixture.ts";

describe.each([
  { stores: "one store", open: () => oneStore() },
  { stores: "two stores, sessions volatile", open: () => twoStores("volatile") },
  { stores: "two stores, sessions durable", open: () => twoStores("durable") },
])("context on $stores", ({ open }) => {
  it("has what lives shortly and what stays apart", async () => {
    const acme = open().memory.tenant("acme");
    const session = acme.session("wf-1", { subject: "lead-9" });
    await session.append([user("1"), assistant("2"), user("3")]);
    await session.working.remember("step", 3);
    await session.agent("qualifier").remember("score", 85);
    await session.agent("scheduler").remember("slot", "10:00");
    const qualifier = acme.agent("qualifier");
    await qualifier.remember("rule", "budget first");
    await qualifier.remember("cache", "x", { tier: "volatile" });
    await qualifier.remember("score", "shadowed", { tier: "volatile" });

    const context = await acme.context({ session, agent: "qualifier", activity: 10 });
    expect(context).toMatchObject({ tenant: "acme", session: "wf-1", agent: "qualifier", incomplete: [] });
    expect(texts(context.volatile.messages)).toEqual(["1", "2", "3"]);
    expect(context.volatile.working.map(({ key, value }) => [key, value])).toEqual([["step", 3]]);
    expect(context.volatile.agent.map(({ key, value }) => [key, value])).toEqual([
      ["score", 85],
      ["cache", "x"],
    ]);
    expect(context.durable.agent.map(({ key, value }) => [key, value])).toEqual([["rule", "budget first"]]);
    expect(context.activity).toMatchObject({ subject: "lead-9", messages: { total: 3 } });
  });

  it("of a session alone has the notes of all its agents and what they learned in it", async () => {
    const acme = open().memory.tenant("acme");
    const session = acme.session("wf-1");
    await session.agent("a").remember("note", 1);
    await session.agent("b").remember("note", 2);
    await session.agent("b").remember("lesson", "here", { tier: "durable" });
    await acme.session("wf-2").agent("b").remember("other", "elsewhere", { tier: "durable" });
    await acme.agent("b").remember("general", "nowhere");
    const context = await acme.context({ session: "wf-1" });
    expect(context.volatile.agent.map(({ agent, value }) => [agent, value])).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
    expect(context.durable.agent.map(({ agent, key }) => [agent, key])).toEqual([["b", "lesson"]]);
  });

  it("has what is known about the person of the session, and of nobody else", async () => {
    const acme = open().memory.tenant("acme");
    const session = acme.session("wf-1", { subject: "ana" });
    await session.append(user("hola"));
    await session.user.remember("language", "es");
    await acme.user("bob").remember("language", "fr");
    await acme.agent("a").for("ana").remember("mood", "calm");
    await acme.agent("b").for("ana").remember("mood", "gay");
    await acme.agent("a").for("bob").remember("mood", "angry");
    const about = async (options: Parameters<typeof acme.context>[0]): Promise<unknown[]> =>
      (await acme.context(options)).durable.user.map(({ agent, value }) => [agent, value]);
    expect(await about({ session, agent: "a" })).toEqual([
      [undefined, "es"],
      ["a", "calm"],
    ]);
    expect(await about({ session: "wf-1" })).toEqual([
      [undefined, "es"],
      ["a", "calm"],
      ["b", "gay"],
    ]);
    expect(await about({ agent: "a" })).toEqual([]);
    await acme.session("nobody").append(user("x"));
    expect(await about({ session: "nobody", agent: "a" })).toEqual([]);
    await failure(acme.context({ session: acme.session("wf-1", { subject: "bob" }) }), "denied");
  });

  it("of an agent alone needs no session", async () => {
    const acme = open().memory.tenant("acme");
    await acme.agent("a").remember("k", 1);
    const context = await acme.context({ agent: "a" });
    expect(context.durable.agent.map((entry) => entry.key)).toEqual(["k"]);
    expect(context.volatile).toEqual({ messages: [], working: [], agent: [] });
    expect("activity" in context || "session" in context).toBe(false);
  });

  it("says which lists were cut", async () => {
    const acme = open().memory.tenant("acme");
    for (const key of ["a", "b", "c"]) await acme.agent("x").remember(key, 1);
    const context = await acme.context({ agent: "x", entries: 2 });
    expect(context.durable.agent).toHaveLength(2);
    expect(context.incomplete).toEqual(["durable.agent"]);
  });

  it("leaves out what is not wanted, changes nothing, and refuses what makes no sense", async () => {
    const acme = open().memory.tenant("acme");
    const context = await acme.context({ session: "none", view: false });
    expect(context.volatile.messages).toEqual([]);
    expect("activity" in context || "view" in context).toBe(false);
    expect((await acme.sessions()).items).toEqual([]);
    await failure(acme.context({}), "invalid-input");
    await failure(
      acme.context({ session: "s", view: { within: { maxTokens: 5 } } as never }),
      "invalid-input",
    );
    await failure(acme.context({ session: "s", entries: 1_001 }), "invalid-input");
    await failure(acme.context({ session: "s", agent: "" }), "invalid-input");
    await failure(acme.context({ session: "s", ...aborted() }), "aborted");
  });
});

function handoff(
  handoffId: string,
  status: "started" | "completed" | "failed",
  from: string,
  to: string,
): EventInput {
  const body = { handoffId, status, from, to, reason: "why", priority: "normal", depth: 0 } as const;
  return { type: "handoff", body };
}

describe("a session's activity", () => {
  it("counts messages, handoffs, executions, working memory and time", async () => {
    const { memory, clock } = oneStore();
    const session = memory.tenant("acme").session("wf", { subject: "ana", metadata: { m: 1 } });
    const start = clock.now();
    await session.append(user("hi"));
    clock.advance(1_500);
    await session.append([assistant("a"), assistant("b")], { agent: "writer" });
    await session.append({ ...assistant("c"), agent: "__proto__" });
    await session.append([
      handoff("h1", "started", "writer", "editor"),
      handoff("h2", "started", "editor", "zoe"),
    ]);
    await session.append(handoff("h1", "completed", "writer", "editor"));
    const { id } = await session.recordExecution({ status: "running", agent: "writer" });
    await session.recordExecution({ executionId: id, agent: "writer" });
    await session.recordExecution({ status: "failed", error: new TypeError("no") });
    await session.append(user("gone"));
    await session.popMessage();
    await session.working.remember("step", 1);
    const activity = await session.activity();
    expect(activity).toMatchObject({
      session: "wf",
      incarnation: session.incarnation,
      subject: "ana",
      metadata: { m: 1 },
      complete: true,
      agents: ["__proto__", "editor", "writer", "zoe"],
      executions: { total: 2, byStatus: { completed: 1, failed: 1 } },
      working: { keys: ["step"], complete: true },
      createdAt: start,
      firstAt: start,
      lastAt: start + 1_500,
      durationMs: 1_500,
    });
    expect(activity.messages.total).toBe(4);
    expect(activity.messages.byRole).toEqual({ assistant: 3, user: 1 });
    expect(Object.entries(activity.messages.byAgent)).toEqual([
      ["__proto__", 1],
      ["writer", 2],
    ]);
    expect(activity.handoffs.byStatus).toEqual({ completed: 1, started: 1 });
    expect(activity.handoffs.list.map(({ handoffId, status }) => [handoffId, status])).toEqual([
      ["h1", "completed"],
      ["h2", "started"],
    ]);
  });

  it("is bounded, says so, and is empty for a session that does not exist", async () => {
    const session = oneStore().memory.tenant("acme").session("wf");
    expect(await session.activity()).toMatchObject({ complete: true, events: 0, version: 0, durationMs: 0 });
    await session.append([user("1"), user("2"), user("3")]);
    expect(await session.activity({ maxEvents: 2 })).toMatchObject({
      complete: false,
      events: 2,
      version: 3,
    });
    expect(await session.activity({ maxEvents: 3 })).toMatchObject({ complete: true, events: 3 });
    await failure(session.activity({ maxEvents: 0 }), "invalid-input");
  });
});

describe("an execution record", () => {
  it("has an id, its branch, and an error without its stack", async () => {
    const session = oneStore().memory.tenant("acme").session("wf");
    const { id } = await session.recordExecution({
      input: { q: 1 },
      output: "r",
      status: "failed",
      agent: "writer",
      durationMs: 12,
      error: new TypeError("no"),
    });
    const { events } = await session.events();
    expect(events[0]).toMatchObject({
      type: "execution",
      agent: "writer",
      body: {
        executionId: id,
        status: "failed",
        input: { q: 1 },
        output: "r",
        durationMs: 12,
        error: { name: "TypeError", message: "no" },
      },
    });
    expect(JSON.stringify(events)).not.toContain("stack");
  });

  it("is written once for an operation id and has the same id again", async () => {
    const session = oneStore().memory.tenant("acme").session("wf");
    const first = await session.recordExecution({ output: 1 }, { operationId: "op" });
    expect(first).toEqual({ id: "op", replayed: false });
    expect(await session.recordExecution({ output: 1 }, { operationId: "op" })).toEqual({
      id: "op",
      replayed: true,
    });
    expect((await session.head())?.version).toBe(1);
    await failure(session.recordExecution({ output: 2 }, { operationId: "op" }), "conflict");
    await failure(session.recordExecution({ status: "done" as "completed" }), "invalid-input");
  });
});

describe("context", () => {
  it("has of the durable memories those with any, or with all, of the tags", async () => {
    const acme = twoStores("volatile").memory.tenant("acme");
    const session = acme.session("wf-1");
    const writer = session.agent("writer");
    await writer.remember("a", 1, { tier: "durable", tags: ["lead", "ana"] });
    await writer.remember("b", 2, { tier: "durable", tags: ["lead", "bob"] });
    await writer.remember("c", 3, { tier: "durable" });
    await writer.remember("note", 4);
    await session.working.remember("step", 5);
    const keys = async (options: object): Promise<unknown> => {
      const { durable, volatile } = await acme.context({ session, ...options });
      expect([...volatile.agent, ...volatile.working].map((entry) => entry.key)).toEqual(["note", "step"]);
      return durable.agent.map((entry) => entry.key);
    };
    for (const who of [{ agent: "writer" }, {}]) {
      expect(await keys(who)).toEqual(["a", "b", "c"]);
      expect(await keys({ ...who, tags: { any: ["ana", "bob"] } })).toEqual(["a", "b"]);
      expect(await keys({ ...who, tags: { all: ["lead", "bob"] } })).toEqual(["b"]);
      expect(await keys({ ...who, tags: { any: ["ana"], all: ["bob"] } })).toEqual([]);
    }
    // The limit counts what is left.
    const cut = await acme.context({ agent: "writer", tags: { any: ["bob"] }, entries: 1 });
    expect([cut.durable.agent.length, cut.incomplete]).toEqual([1, []]);
    await failure(acme.context({ agent: "writer", tags: { any: [""] } }), "invalid-input");
  });

  it.each([
    ["a number as session", { session: 5 }],
    ["null as session", { session: null }],
    ["an object that is no session", { session: {} }],
    ["an unknown option", { agent: "a", mesages: 3 }],
  ])("refuses %s", async (_, options) => {
    const acme = oneStore().memory.tenant("acme");
    await failure(acme.context(options as object), "invalid-input");
  });

  it("shows no copy that is known to be outdated", async () => {
    const { memory, volatileFaults } = twoStores();
    const acme = memory.tenant("acme");
    const writer = acme.agent("writer");
    await writer.remember("k", "old", { tier: "both" });
    for (const method of everyMethod) volatileFaults.failing.add(method);
    await writer.remember("k", "new", { tier: "both" });
    volatileFaults.failing.clear();
    expect((await writer.entries({ tier: "volatile" })).items).toEqual([]);
    const { volatile, durable } = await acme.context({ agent: "writer" });
    expect(volatile.agent).toEqual([]);
    expect(durable.agent.map((entry) => entry.value)).toEqual(["new"]);
  });

  it("of a session that has a successor is history-lost, whatever parts are asked for", async () => {
    const acme = oneStore().memory.tenant("acme");
    const session = acme.session("wf-1");
    await session.append(user("1"));
    await acme.session("wf-1").delete();
    await acme.session("wf-1").agent("a").remember("note", "of the successor");
    await failure(acme.context({ session, view: false, activity: 0 }), "history-lost");
  });
});

it("context tells how well the agent does, where it is asked to", async () => {
  const { memory } = oneStore();
  const acme = memory.tenant("acme");
  await acme.session("chat").append(user("x"));
  await acme.agent("planner").recordOutcome({ success: true, strategy: "persona" });
  const asked = { session: "chat", agent: "planner", performance: true };
  expect((await acme.context(asked)).performance).toMatchObject({
    total: 1,
    strategies: [{ strategy: "persona" }],
  });
  expect(await acme.context({ session: "chat", agent: "planner" })).not.toHaveProperty("performance");
  await failure(acme.context({ session: "chat", performance: true }), "invalid-input");
  await failure(acme.context({ ...asked, performance: 1 as never }), "invalid-input");
});
