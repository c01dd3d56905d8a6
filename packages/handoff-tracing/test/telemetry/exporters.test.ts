import { context, diag, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  BatchSpanProcessor,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Store } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { afterEach, expect, it } from "vitest";
import { createHandoffs } from "../../src/index.ts";
import {
  createSessionSpanExporter,
  currentSource,
  readSessionSpans,
  renderTrace,
  traceAgent,
  traceHandoffs,
  traceMemory,
  traceStore,
  traceTool,
  traceWorkflow,
  withSources,
} from "../../src/telemetry/index.ts";
import { startOtlpReceiver } from "./otlp-receiver.ts";
import { collectTraces } from "./traces.ts";

const session = { tenant: "acme", session: "lead-1" };
const hello = { type: "message", body: { role: "user", content: "Hello" } } as const;

afterEach(() => {
  diag.disable();
  trace.disable();
  context.disable();
});

it.each([
  [
    "protobuf",
    (url: string): SpanExporter => new ProtobufExporter({ url: `${url}/v1/traces` }),
    "application/x-protobuf",
  ],
  ["JSON", (url: string): SpanExporter => new JsonExporter({ url: `${url}/v1/traces` }), "application/json"],
])("arrives over OTLP, HTTP with %s, as it was made", async (_, exporterFor, contentType) => {
  await using receiver = await startOtlpReceiver();
  await using plain = createMemoryStore({ sweepIntervalMs: 0 });
  using traces = collectTraces({
    processors: [new BatchSpanProcessor({ exporter: exporterFor(receiver.url) })],
  });
  const store = traceStore(plain, { server: { address: "db.example", port: 5432 } });
  await traceWorkflow({ name: "leads", conversation: "lead-1" }, async () => {
    await store.log.append(session, [hello]);
    await store.documents.get({ tenant: "acme", namespace: ["a", "b"], key: "c" });
    await store.log.append(session, [hello], { expectedVersion: 0 }).catch(() => undefined);
    await withSources([currentSource()], () => traceAgent({ name: "join" }, async () => undefined));
  });
  await traces.provider.forceFlush();
  expect([...receiver.contentTypes]).toEqual([contentType]);
  const received = receiver.spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
  const made = traces
    .spans()
    .map((span) => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentId: span.parentSpanContext?.spanId ?? "",
      // OTLP counts the kinds from 1.
      kind: span.kind + 1,
      attributes: { ...span.attributes },
      status: span.status.code,
      links: span.links.map(({ context: { traceId, spanId }, attributes }) => ({
        traceId,
        spanId,
        attributes,
      })),
    }))
    .toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
  expect(received).toEqual(made);
  expect(received.map(({ kind }) => kind - 1)).toContain(SpanKind.CLIENT);
  expect(received.map(({ status }) => status)).toContain(SpanStatusCode.ERROR);
  expect(received.flatMap(({ links }) => links)).toHaveLength(1);
});

/** Whatever happens to spans, the store does the same. */
async function useStore(store: Store): Promise<unknown> {
  const seen: unknown[] = [];
  for (let index = 0; index < 20; index++) {
    const { version } = await store.log.append(session, [hello]);
    seen.push(version);
    seen.push(await store.log.append(session, [hello], { expectedVersion: 0 }).catch((error) => error.code));
  }
  const { events } = await store.log.read(session);
  return [...seen, events.length, (await store.log.head(session))?.version];
}

const unreadable: unknown = new Proxy(Object.create(null), {
  get() {
    throw new Error("no");
  },
});

const hostile: readonly (readonly [string, () => SpanProcessor])[] = [
  [
    "an exporter that throws",
    () =>
      new SimpleSpanProcessor({
        exporter: {
          export() {
            throw new Error("exporter");
          },
          shutdown: async () => undefined,
          forceFlush: async () => undefined,
        },
      }),
  ],
  [
    "an exporter that never answers",
    () =>
      new BatchSpanProcessor({
        maxQueueSize: 4,
        maxExportBatchSize: 2,
        exporter: {
          export: () => undefined,
          shutdown: async () => undefined,
          forceFlush: async () => undefined,
        },
      }),
  ],
  [
    "a backend that is not there",
    () =>
      new BatchSpanProcessor({
        maxExportBatchSize: 2,
        exporter: new ProtobufExporter({ url: "http://127.0.0.1:9/v1/traces", timeoutMillis: 50 }),
      }),
  ],
  [
    "a processor that throws at the end of each span",
    () => ({
      onStart: () => undefined,
      onEnd() {
        throw new Error("end");
      },
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    }),
  ],
  [
    "a processor that throws what cannot be read, and a logger that throws too",
    () => {
      const fail = (): never => {
        throw unreadable;
      };
      diag.setLogger({ error: fail, warn: fail, info: fail, debug: fail, verbose: fail });
      const nothing = async (): Promise<void> => undefined;
      return { onStart: fail, onEnd: fail, forceFlush: nothing, shutdown: nothing };
    },
  ],
  [
    "a processor that throws at the start and at the end of each span",
    () => ({
      onStart() {
        throw new Error("start");
      },
      onEnd() {
        throw new Error("end");
      },
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    }),
  ],
];

it.each(hostile)("changes nothing for the store: %s", async (_, processor) => {
  await using reference = createMemoryStore({ sweepIntervalMs: 0 });
  await using plain = createMemoryStore({ sweepIntervalMs: 0 });
  const expected = await useStore(reference);
  const tracerProvider = new TracerProvider({ spanProcessors: [processor()] });
  expect(await useStore(traceStore(plain, { tracerProvider }))).toEqual(expected);
  const handoffs = createHandoffs({
    log: plain.log,
    observer: traceHandoffs({ tracerProvider }),
    onError: () => undefined,
  });
  expect(await handoffs.run({ session, from: "a", to: "b", reason: "r" }, () => 7)).toBe(7);
  expect(await traceAgent({ name: "a" }, async () => 8, { tracerProvider })).toBe(8);
  const failing = traceAgent({ name: "a" }, async () => Promise.reject(new Error("own")), { tracerProvider });
  await expect(failing).rejects.toThrow("own");
});

it("keeps the spans of a session beside it, draws them, and loses them with the session", async () => {
  await using plain = createMemoryStore({ sweepIntervalMs: 0 });
  const exporter = createSessionSpanExporter({ store: plain });
  using traces = collectTraces({ processors: [new BatchSpanProcessor({ exporter })] });
  const store = traceStore(plain, { inProcess: true });
  const lead = traceMemory(createMemory({ store })).tenant("acme").session("lead-1");
  const handoffs = createHandoffs({ log: store.log, observer: traceHandoffs() });
  await traceWorkflow({ name: "leads", conversation: "lead-1" }, async () => {
    await lead.append({ role: "user", content: "Hello" });
    await handoffs.run({ session: lead, from: "coordinator", to: "evil\u001b[31m", reason: "r" }, () =>
      traceAgent({ name: "qualifier" }, () =>
        traceTool({ name: "score" }, async () => await lead.working.remember("step", 1)),
      ),
    );
    await lead.append("no" as never).catch(() => undefined);
  });
  await traceAgent({ name: "without a session" }, async () => undefined);
  await traces.provider.forceFlush();
  const spans = await readSessionSpans(plain.documents, session);
  const made = traces.spans().filter(({ attributes }) => attributes["gen_ai.conversation.id"] === "lead-1");
  expect(spans.map(({ spanId }) => spanId).toSorted()).toEqual(
    made.map((span) => span.spanContext().spanId).toSorted(),
  );
  expect(spans.some(({ name }) => name === "invoke_agent without a session")).toBe(false);
  const drawn = renderTrace(spans, { ascii: true, withoutStore: true });
  expect(drawn.replaceAll(/ +\d+\.\d ms/gu, " T").split("\n")).toEqual([
    "invoke_workflow leads T",
    "+- session.append T",
    "+- handoff coordinator -> evil\\u001b[31m T  completed, full, 1 message",
    "|  `- invoke_agent qualifier T",
    "|     `- execute_tool score T",
    "|        `- memory.remember step T",
    "`- session.append T  !invalid-input",
  ]);
  // The times stand below each other.
  expect(new Set(drawn.split("\n").map((line) => line.indexOf(" ms")))).toHaveProperty("size", 1);
  // The log is as it was: spans are documents, and the exporter's own calls make no spans.
  expect((await plain.log.head(session))?.version).toBe(4);
  const count = traces.spans().length;
  await traces.provider.forceFlush();
  expect(traces.spans()).toHaveLength(count);

  await lead.delete();
  await traces.provider.forceFlush();
  expect(await plain.log.head(session)).toBeUndefined();
  expect(await readSessionSpans(plain.documents, session)).toEqual([]);
});

it("never keeps a span with another tenant that took part in its trace", async () => {
  await using plain = createMemoryStore({ sweepIntervalMs: 0 });
  const exporter = createSessionSpanExporter({ store: plain });
  using traces = collectTraces({ processors: [new BatchSpanProcessor({ exporter })] });
  const store = traceStore(plain, { inProcess: true });
  const other = { tenant: "other", session: "lead-1" };
  await traceWorkflow({ name: "leads" }, async () => {
    await store.log.append(session, [hello]);
    await store.log.append(other, [hello]);
    await traceAgent({ name: "of whom", conversation: "lead-1" }, async () => undefined);
  });
  await traces.provider.forceFlush();
  for (const address of [session, other]) {
    const kept = await readSessionSpans(plain.documents, address);
    expect(kept.map(({ name }) => name).toSorted()).toEqual(["create_memory", "create_memory_store"]);
    expect(new Set(kept.map(({ attributes }) => attributes["relevo.tenant"]))).toEqual(
      new Set([address.tenant]),
    );
  }
});

it("reports a store that is down to the SDK, and ends quietly after shutdown", async () => {
  await using plain = createMemoryStore({ sweepIntervalMs: 0 });
  const exporter = createSessionSpanExporter({ store: plain });
  using traces = collectTraces();
  await traceStore(plain, { inProcess: true }).log.append(session, [hello]);
  const exported = (spans = traces.spans()) =>
    new Promise<number>((resolve) => exporter.export(spans, ({ code }) => resolve(code)));
  expect(await exported()).toBe(0);
  await plain.close();
  expect(await exported()).toBe(1);
  await exporter.shutdown();
  expect(await exported([])).toBe(1);
});

it("leaves out what is asked for with all that is below it, and says what came of the rest", () => {
  const at = (id: string, parentId: string | undefined, operation: string, more: object = {}) => ({
    traceId: "t",
    spanId: id,
    ...(parentId === undefined ? {} : { parentId }),
    name: `relevo.${operation}`,
    kind: "INTERNAL",
    startMs: Number(id),
    durationMs: 1,
    attributes: { "relevo.operation": operation, ...more },
  });
  const spans = [
    at("1", undefined, "session.view", {
      "relevo.view.strategy": "window(messages=1)",
      "relevo.view.messages.count": 1,
      "relevo.view.dropped.count": 3,
      "relevo.view.summarized.count": 0,
    }),
    { ...at("2", "1", "log.read"), retries: 2 },
    { ...at("3", "2", "driver query") },
    at("4", undefined, "memory.recall", { "relevo.memory.key": "style", "relevo.recall.found": false }),
    at("5", undefined, "memory.update", { "relevo.agent": "meter" }),
    at("6", "5", "documents.put"),
  ];
  const lines = (options: Parameters<typeof renderTrace>[1]) =>
    renderTrace(spans, options)
      .split("\n")
      .map((line) => line.replaceAll(/ {2,}/gu, " "));
  expect(
    lines({ withoutStore: true, filter: ({ attributes }) => attributes["relevo.agent"] !== "meter" }),
  ).toEqual([
    "session.view 1.0 ms window(messages=1), 1 message, 3 dropped",
    "memory.recall style 1.0 ms nothing found",
  ]);
  expect(lines({})).toContain("└─ log.read 1.0 ms 2 retries");
  expect(lines({})).toHaveLength(6);
});

it("draws a trace that is as deep or as wide as it likes", () => {
  const span = (id: number, parent: number | undefined) => ({
    traceId: "t",
    spanId: `s${id}`,
    ...(parent === undefined ? {} : { parentId: `s${parent}` }),
    name: `n${id}`,
    kind: "INTERNAL",
    startMs: id,
    durationMs: 0,
    attributes: {},
  });
  const deep = Array.from({ length: 4000 }, (_, id) => span(id, id === 0 ? undefined : id - 1));
  expect(renderTrace(deep).split("\n")).toHaveLength(4000);
  const wide = Array.from({ length: 4000 }, (_, id) => span(id, id === 0 ? undefined : 0));
  expect(renderTrace(wide).split("\n")).toHaveLength(4000);
});
