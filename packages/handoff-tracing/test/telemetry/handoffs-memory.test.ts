import { SpanStatusCode } from "@opentelemetry/api";
import type { HandoffRecord, JsonValue, TokenCounter } from "@relevo/core";
import { createMemory, currentSession } from "@relevo/memory";
import { createMemoryStore, type MemoryStore } from "@relevo/store-memory";
import { window } from "@relevo/truncation";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createHandoffs, last, none } from "../../src/index.ts";
import {
  currentSource,
  traceAgent,
  traceHandoffs,
  traceMemory,
  traceRecall,
  traceStore,
  traceTool,
  traceWorkflow,
  withSources,
} from "../../src/telemetry/index.ts";
import { collectTraces, type Traces } from "./traces.ts";

let traces: Traces;
let store: MemoryStore;
beforeEach(() => {
  traces = collectTraces();
  store = createMemoryStore({ sweepIntervalMs: 0 });
});
afterEach(async () => {
  traces[Symbol.dispose]();
  await store.close();
});

const session = { tenant: "acme", session: "lead-1" };
const counter: TokenCounter = { name: "words", countText: () => 2, countMessage: () => 2 };

const nameOf = (name: string) => traces.spans().filter((span) => span.name === name);

it("draws a workflow of agents, tools, handoffs and memory as one trace: the golden file", async () => {
  const traced = traceStore(store, { inProcess: true });
  const memory = traceMemory(createMemory({ store: traced }));
  const handoffs = createHandoffs({ log: traced.log, counter, observer: traceHandoffs() });
  const lead = memory.tenant("acme").session("lead-1");
  await traceWorkflow({ name: "leads", conversation: "lead-1" }, async () => {
    await lead.append([
      { role: "user", content: "We need a CRM." },
      { role: "user", content: "For 200 people." },
    ]);
    await lead.turn(async (turn) => {
      await turn.view({ strategy: window({ messages: 1 }) });
      await handoffs.run(
        { session: turn, from: "coordinator", to: "qualifier", reason: "new lead", policy: last(1) },
        async ({ handoff }) =>
          await traceAgent({ name: "qualifier", id: "q-1", version: "2", provider: "openai" }, async () => {
            await turn.agent("qualifier").recall("style", { tier: "durable" });
            const score = await traceTool(
              { name: "score", callId: "call-1", arguments: { size: 200 } },
              async () => 85,
            );
            return await handoff(
              { to: "scheduler", reason: "qualified", data: { score }, policy: none() },
              async () => ({
                meeting: "Tuesday",
              }),
            );
          }),
      );
      await turn.working.remember("step", "done");
    });
  });
  const tree = traces.tree();
  expect(tree).not.toMatch(/CRM|Tuesday|qualified|new lead/u);
  expect(tree.match(/^\S/gmu)).toHaveLength(1);
  const conversations = traces.spans().map(({ attributes }) => attributes["gen_ai.conversation.id"]);
  expect(new Set(conversations)).toEqual(new Set(["lead-1"]));
  await expect(tree).toMatchFileSnapshot("golden/workflow.txt");
});

it("records reason, data, arguments, results and error texts through the redactor alone", async () => {
  const content = (value: JsonValue): JsonValue =>
    JSON.parse(JSON.stringify(value).replaceAll("Secret", "•••"));
  const handoffs = createHandoffs({ log: store.log, observer: traceHandoffs({ content }) });
  const work = handoffs.run(
    { session, from: "a", to: "b", reason: "Secret reason", data: { note: "Secret" } },
    () => traceTool({ name: "t", arguments: "Secret in" }, async () => "Secret out", { content }),
  );
  await work;
  const failing = handoffs.run({ session, from: "a", to: "c", reason: "r" }, () => {
    throw new Error("Secret error");
  });
  await expect(failing).rejects.toThrow("Secret error");
  expect(traces.tree()).not.toContain("Secret");
  const [first, tool, second] = traces.spans();
  expect(first?.attributes).toMatchObject({
    "relevo.handoff.reason": "••• reason",
    "relevo.handoff.data": '{"note":"•••"}',
  });
  expect(tool?.attributes).toMatchObject({
    "gen_ai.tool.call.arguments": "••• in",
    "gen_ai.tool.call.result": "••• out",
  });
  expect(second?.status).toEqual({ code: SpanStatusCode.ERROR, message: "••• error" });
});

it("records the ids of the span in the log, and how each handoff ended on the span", async () => {
  const handoffs = createHandoffs({ log: store.log, observer: traceHandoffs(), maxRepeats: 1 });
  const to = (name: string) => ({ session, from: "a", to: name, reason: "r" });
  await handoffs.run(to("done"), () => 1);
  await handoffs.run(to("broken"), () => Promise.reject(new TypeError("no"))).catch(() => undefined);
  await handoffs.run(to("unwilling"), ({ reject }) => reject("no time")).catch(() => undefined);
  await handoffs
    .run(to("b"), ({ handoff }) =>
      handoff({ to: "a", reason: "back" }, ({ handoff }) => handoff({ to: "b", reason: "again" }, () => 1)),
    )
    .catch(() => undefined);
  const spans = nameOf("relevo.handoff");
  const seen = spans.map(({ attributes, status }) => [
    attributes["relevo.handoff.to"],
    attributes["relevo.handoff.status"],
    attributes["error.type"],
    SpanStatusCode[status.code],
  ]);
  expect(seen).toEqual([
    ["done", "completed", undefined, "UNSET"],
    ["broken", "failed", "TypeError", "ERROR"],
    ["unwilling", "rejected", undefined, "UNSET"],
    ["b", "failed", "denied", "ERROR"],
    ["a", "failed", "denied", "ERROR"],
    ["b", "rejected", "denied", "ERROR"],
  ]);
  const { events } = await store.log.read(session, { types: ["handoff"], limit: 1 });
  expect(events[0]?.body).toMatchObject({ trace: { spanId: spans[0]?.spanContext().spanId } });
});

it("links a handoff that outlives the one around it, and starts a trace of its own for one that starts too late", async () => {
  const handoffs = createHandoffs({ log: store.log, observer: traceHandoffs() });
  let finish = (): void => undefined;
  const waits = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let later: Promise<unknown> = Promise.resolve();
  let late: (() => Promise<unknown>) | undefined;
  await handoffs.run({ session, from: "a", to: "b", reason: "r" }, async ({ handoff }) => {
    later = handoff({ to: "slow", reason: "r" }, () => waits);
    await new Promise((resolve) => setTimeout(resolve, 0));
    late = async () => await handoff({ to: "late", reason: "r" }, () => 1).catch(() => undefined);
    setTimeout(() => {
      later = Promise.all([later, late?.()]);
    }, 0);
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  finish();
  await later;
  const byTo = new Map(nameOf("relevo.handoff").map((span) => [span.attributes["relevo.handoff.to"], span]));
  const outer = byTo.get("b")?.spanContext();
  const slow = byTo.get("slow");
  expect(slow?.parentSpanContext?.spanId).toBe(outer?.spanId);
  expect(slow?.links).toMatchObject([
    { context: { spanId: outer?.spanId }, attributes: { "relevo.link.kind": "outlived" } },
  ]);
  const span = byTo.get("late");
  expect(span?.parentSpanContext).toBeUndefined();
  expect(span?.links).toMatchObject([
    { context: { spanId: outer?.spanId }, attributes: { "relevo.link.kind": "outlived" } },
  ]);
});

it("gives a handoff that is marked as abandoned a span, linked to the one that was lost with its process", async () => {
  const died = createHandoffs({ log: store.log, observer: traceHandoffs() });
  await died.start(session, { from: "a", to: "b", reason: "r" });
  const [start] = (await store.log.read(session, { types: ["handoff"] })).events;
  const lost = (start?.body as HandoffRecord | undefined)?.trace;
  const keeper = createHandoffs({ log: store.log, observer: traceHandoffs() });
  expect(await keeper.abandonStale(session, { olderThanMs: 0 })).toHaveLength(1);
  const [span, ...others] = nameOf("relevo.handoff");
  expect(others).toEqual([]);
  expect(span?.attributes).toMatchObject({
    "relevo.handoff.status": "abandoned",
    "error.type": "abandoned",
    "gen_ai.conversation.id": "lead-1",
  });
  expect(span?.status.code).toBe(SpanStatusCode.ERROR);
  expect(span?.links).toMatchObject([{ context: lost, attributes: { "relevo.link.kind": "abandoned" } }]);
});

it("gives a span that several feed one link for each source, and the spans inside none", async () => {
  const sources = await Promise.all(
    ["a", "b", "c"].map((name) => traceAgent({ name }, async () => currentSource())),
  );
  await withSources([...sources, undefined], () =>
    traceAgent({ name: "join" }, () => traceTool({ name: "add" }, async () => 1)),
  );
  const [join] = nameOf("invoke_agent join");
  expect(join?.links.map(({ context: { spanId } }) => spanId)).toEqual(
    sources.map((source) => source?.spanId),
  );
  expect(nameOf("execute_tool add")[0]?.links).toEqual([]);
});

it("follows the proposal for handoffs by option, and by the environment", async () => {
  const before = process.env.OTEL_SEMCONV_STABILITY_OPT_IN;
  const run = async (observer = traceHandoffs(), mode: "transfer" | "delegate" = "transfer") => {
    traces.reset();
    const handoffs = createHandoffs({ log: store.log, observer });
    await handoffs.run({ session, from: "a", to: "b", reason: "r", mode }, () => 1);
    return traces.spans()[0]?.name;
  };
  try {
    expect(await run(traceHandoffs({ semconv: "experimental-handoffs" }))).toBe("execute_tool handoff b");
    expect(traces.spans()[0]?.attributes).toMatchObject({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "handoff",
      "gen_ai.agent.name": "a",
      "gen_ai.transfer.target.name": "b",
      "gen_ai.transfer.mode": "pass_control",
      "relevo.handoff.from": "a",
    });
    const delegating = traceHandoffs({ semconv: "experimental-handoffs" });
    expect(await run(delegating, "delegate")).toBe("execute_tool handoff b");
    expect(traces.spans()[0]?.attributes["gen_ai.transfer.mode"]).toBe("return_to_caller");
    process.env.OTEL_SEMCONV_STABILITY_OPT_IN = "http/dup, gen_ai_latest_experimental";
    expect(await run()).toBe("execute_tool handoff b");
    expect(await run(traceHandoffs({ semconv: "relevo" }))).toBe("relevo.handoff");
    process.env.OTEL_SEMCONV_STABILITY_OPT_IN = "http";
    expect(await run()).toBe("relevo.handoff");
  } finally {
    if (before === undefined) delete process.env.OTEL_SEMCONV_STABILITY_OPT_IN;
    else process.env.OTEL_SEMCONV_STABILITY_OPT_IN = before;
  }
});

it("traces people, what agents keep about them, and turns that are ended by a call of their own", async () => {
  const acme = traceMemory(createMemory({ store })).tenant("acme");
  const lead = acme.session("lead-1", { subject: "u-7" });
  await acme.user("u-7").remember("language", "es");
  await acme.agent("planner").for("u-7").remember("tone", "warm");
  const open = await lead.beginTurn();
  await open.session.append({ role: "user", content: "Hello" });
  await lead.agent("planner").for(lead.user).recall("tone");
  await open.commit();
  {
    await using abandoned = await lead.beginTurn();
    expect(abandoned.session.id).toBe("lead-1");
  }
  const [said] = await lead.messages();
  await lead.replaceFrom(said?.seq ?? 0, { role: "user", content: "Hello again" });
  const fork = await lead.fork();
  await fork.touch();
  expect(await lead.user.recall("language")).toBe("es");
  expect((await acme.user("u-7").sessions()).items).toHaveLength(2);
  expect((await acme.users()).items).toEqual(["u-7"]);
  await acme.user("u-7").erase();
  const seen = traces
    .spans()
    .map(({ name, attributes }) => [
      name,
      attributes["relevo.agent"] ?? null,
      attributes["relevo.user"] ?? null,
      attributes["gen_ai.conversation.id"] ?? null,
    ]);
  expect(seen).toEqual([
    ["relevo.memory.remember", null, "u-7", null],
    ["relevo.memory.remember", "planner", "u-7", null],
    ["relevo.session.begin_turn", null, null, "lead-1"],
    ["relevo.session.append", null, null, "lead-1"],
    ["relevo.memory.recall", "planner", null, "lead-1"],
    ["relevo.turn.commit", null, null, "lead-1"],
    ["relevo.session.begin_turn", null, null, "lead-1"],
    ["relevo.session.messages", null, null, "lead-1"],
    ["relevo.session.replace_from", null, null, "lead-1"],
    ["relevo.session.fork", null, null, "lead-1"],
    ["relevo.session.touch", null, null, fork.id],
    ["relevo.memory.recall", null, null, "lead-1"],
    ["relevo.user.sessions", null, "u-7", null],
    ["relevo.tenant.users", null, null, null],
    ["relevo.user.erase", null, "u-7", null],
  ]);
});

it("has a search of a tenant above the recall that it asks", async () => {
  const recall = traceRecall({ search: async () => ({ hits: [], missing: [] }) });
  const acme = traceMemory(createMemory({ store, recall })).tenant("acme");
  expect((await acme.search({ text: "CRM" })).hits).toEqual([]);
  const [search, own] = traces.spans();
  expect([search?.name, search?.attributes["relevo.recall.found"]]).toEqual(["relevo.tenant.search", false]);
  expect(own?.name).toBe("search_memory");
  expect(own?.parentSpanContext?.spanId).toBe(search?.spanContext().spanId);
});

it("traces a memory by its members: turns pass a traced session on, results and disposal stay", async () => {
  const memory = traceMemory(createMemory({ store }));
  await using lead = memory.tenant("acme").session("lead-1", { onDispose: "clear-working" });
  const result = await lead.append({ role: "user", content: "Hello" }, { operationId: "o" });
  expect(lead.incarnation).toBe(result.incarnation);
  const inner = await lead.turn(async (turn) => {
    await turn.append({ role: "assistant", content: "Hello!" });
    return turn.fence;
  });
  expect(inner).toEqual(expect.any(Number));
  expect(lead.run(() => currentSession()?.id)).toBe("lead-1");
  expect(await lead.messages()).toHaveLength(2);
  const [turn] = nameOf("relevo.session.turn");
  const appends = nameOf("relevo.session.append");
  expect(appends.map((span) => span.parentSpanContext?.spanId)).toEqual([
    undefined,
    turn?.spanContext().spanId,
  ]);
  const context = await memory.tenant("acme").context({ session: lead });
  expect(context.volatile.messages).toHaveLength(2);
  await expect(lead.append("no" as never)).rejects.toMatchObject({ code: "invalid-input" });
  expect(traces.spans().at(-1)?.attributes).toMatchObject({ "error.type": "invalid-input" });
});
