import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  ParentBasedSampler,
  SamplingDecision,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import {
  type EventLog,
  isDocumentTransfer,
  isEventTransfer,
  type JsonValue,
  MemoryError,
  type Store,
} from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  type ContentSource,
  type TraceStoreOptions,
  traceAgent,
  traceStore,
  traceTool,
  traceWorkflow,
  withConversation,
  withSources,
} from "../../src/telemetry/index.ts";
import { collectTraces, type Traces } from "./traces.ts";

const session = { tenant: "acme", session: "lead-1" };
const style = { tenant: "acme", namespace: ["agents", "planner"], key: "style" };
const hello = { type: "message", body: { role: "user", content: "Secret words" } } as const;

let traces: Traces;
let plain: Store;
beforeEach(() => {
  traces = collectTraces();
  plain = createMemoryStore({ sweepIntervalMs: 0 });
});
afterEach(async () => {
  traces[Symbol.dispose]();
  await plain.close();
});

function traced(options: TraceStoreOptions = {}): Store {
  return traceStore(plain, { inProcess: true, ...options });
}

/** One call of each method, some of them refused. */
async function useEverything(store: Store): Promise<void> {
  const { log, documents, leases } = store;
  await log.append(session, [hello], { operation: { id: "a", fingerprint: "1" } });
  await log.append(session, [hello], { operation: { id: "a", fingerprint: "1" } });
  await log.append(session, [hello, { ...hello, agent: "writer" }]);
  await log.read(session, { limit: 2 });
  await log.head(session);
  await log.touch(session, { ttlMs: 60_000 });
  await log.operation(session, "a");
  await log.erase(session, { seqs: [{ from: 2, to: 3 }] });
  await log.trim(session, { beforeSeq: 2 });
  await log.list("acme");
  await log.scan("acme");
  await documents.put(style, { value: "formal" }, { expectedVersion: 0 });
  const { version } = await documents.put(style, { value: "informal" });
  await documents.put(style, { value: "short" }, { expectedVersion: version });
  await documents.get(style);
  await documents.getMany([style, { ...style, key: "none" }]);
  await documents.put({ ...session, namespace: ["notes", "a/b"], key: "step" }, { value: 3 });
  await documents.putMany([
    { address: { ...style, namespace: ["agents", "planner", "x"], key: "one" }, value: 1 },
    { address: { ...style, key: "two" }, value: 2 },
  ]);
  await documents.find({ tenant: "acme" }, { namespacePrefix: ["agents", "planner"], text: "short" });
  await documents.find(session);
  await documents.namespaces({ tenant: "acme" });
  await documents.touch(style, { ttlMs: 60_000 });
  await documents.delete(style);
  await documents.deleteMany([{ address: { ...style, namespace: ["agents", "planner", "x"], key: "one" } }]);
  const lease = await leases?.acquire(session, { ttlMs: 60_000 });
  await leases?.holder(session);
  await lease?.renew();
  await lease?.release();
  await store.feed?.changes("acme");
  await store.maintenance?.tenants();
  await store.maintenance?.expire();
  if (isEventTransfer(log)) {
    await log.seal(session);
    await log.exportEvents(session);
    if (isDocumentTransfer(documents)) {
      const batch = await documents.exportDocuments(session);
      if (batch !== undefined) await documents.importDocuments(session, batch);
      await documents.eraseDerived(session, { incarnation: "gone" });
    }
    await log.unseal(session);
  }
  await log.append(session, [hello], { expectedVersion: 1 }).catch(() => undefined);
  await log.delete(session);
}

it("gives each method a span: the golden file without content", async () => {
  await useEverything(traced({ server: { address: "db.example", port: 5432 } }));
  const tree = traces.tree();
  expect(tree).not.toMatch(/Secret|formal|short/u);
  await expect(tree).toMatchFileSnapshot("golden/trace-store.txt");
});

it("records content when a redactor is given: the golden file", async () => {
  const content = (value: JsonValue): JsonValue =>
    JSON.parse(JSON.stringify(value).replaceAll("Secret", "•••"));
  await useEverything(traced({ content }));
  const tree = traces.tree();
  expect(tree).not.toContain("Secret");
  expect(tree).toContain("informal");
  await expect(tree).toMatchFileSnapshot("golden/trace-store-content.txt");
});

it("is CLIENT unless the store is in this process, and names the server", async () => {
  await traceStore(plain, { server: { address: "db.example", port: 5432 } }).log.head(session);
  const [span] = traces.spans();
  expect(span?.kind).toBe(SpanKind.CLIENT);
  expect(span?.attributes).toMatchObject({ "server.address": "db.example", "server.port": 5432 });
});

it("keeps second interfaces, limits and identity of what it does not trace", async () => {
  const store = traced();
  expect(isEventTransfer(store.log)).toBe(true);
  expect(isDocumentTransfer(store.documents)).toBe(true);
  expect(store.limits).toBe(plain.limits);
  const { exportEvents: _, ...rest } = Object.fromEntries(
    Object.entries(plain.log).filter(([name]) => name !== "importEvents"),
  ) as unknown as EventLog & { exportEvents?: unknown };
  const without = { ...plain, log: rest };
  expect(isEventTransfer(traceStore(without).log)).toBe(false);
  await store.close();
  await expect(plain.log.head(session)).rejects.toMatchObject({ code: "closed" });
});

it("answers and throws what the store does, with the code of the error on the span", async () => {
  const store = traced();
  const result = await store.log.append(session, [hello]);
  expect(result).toEqual({ ...result, version: 1, replayed: false });
  const refused = store.log.append(session, [hello], { expectedVersion: 0 });
  await expect(refused).rejects.toBeInstanceOf(MemoryError);
  const span = traces.spans().at(-1);
  expect(span?.status).toEqual({ code: SpanStatusCode.ERROR });
  expect(span?.attributes).toMatchObject({
    "error.type": "conflict",
    "relevo.error.conflict": "version",
    "relevo.error.outcome": "not-applied",
  });
});

it("does not hurt a call with hostile arguments: the store refuses it as ever, and the span is an error", async () => {
  const store = traced();
  const hostile = [
    undefined,
    null,
    7,
    { tenant: "\uD800", session: "x" },
    new Proxy(
      {},
      {
        get: () => {
          throw new Error("no");
        },
      },
    ),
  ];
  for (const address of hostile) {
    const own = await plain.log.append(address as never, [hello]).catch((error: unknown) => error);
    const through = await store.log.append(address as never, [hello]).catch((error: unknown) => error);
    expect(through).toMatchObject({ code: (own as MemoryError).code });
    expect(traces.spans().at(-1)?.status.code).toBe(SpanStatusCode.ERROR);
  }
  await expect(
    store.documents.put(undefined as never, undefined as never, undefined as never),
  ).rejects.toBeDefined();
  await expect(store.documents.putMany(undefined as never)).rejects.toBeDefined();
});

it("keeps names of errors that others chose off the span", async () => {
  class Odd extends Error {
    override readonly name = "user 17 of acme";
  }
  const log: EventLog = {
    ...plain.log,
    head: async (): Promise<undefined> => {
      throw new Odd("hello");
    },
  };
  await traceStore({ log })
    .log.head(session)
    .catch(() => undefined);
  expect(traces.spans().at(-1)?.attributes["error.type"]).toBe("_OTHER");
});

it("records a thrown redactor, and content above the bound, as omitted", async () => {
  const sources: ContentSource[] = [];
  const broken = traced({
    content(_, source) {
      sources.push(source);
      throw new Error("Secret words");
    },
  });
  await broken.documents.put(style, { value: "x" });
  expect(sources).toEqual([{ kind: "record", storeId: "acme/agents/planner", recordId: "style" }]);
  expect(traces.spans().at(-1)?.attributes).toMatchObject({ "relevo.content.omitted": true });
  expect(traces.tree()).not.toContain("Secret");
  await traced({ content: (value) => value, maxContentBytes: 50 }).documents.put(style, {
    value: "x".repeat(50),
  });
  const attributes = traces.spans().at(-1)?.attributes;
  expect(attributes).toMatchObject({ "relevo.content.omitted": true });
  expect(attributes).not.toHaveProperty("gen_ai.memory.records");
});

it("never invents a conversation: documents outside of a session have the one around them, if any", async () => {
  const store = traced();
  await store.documents.get(style);
  expect(traces.spans().at(-1)?.attributes).not.toHaveProperty("gen_ai.conversation.id");
  await withConversation("lead-9", async () => {
    await Promise.resolve();
    await store.documents.get(style);
    await store.log.head(session);
  });
  const ids = traces.spans().map(({ attributes }) => attributes["gen_ai.conversation.id"]);
  expect(ids).toEqual([undefined, "lead-9", "lead-1"]);
});

it("runs the store inside the span, so that a driver's own spans are its children", async () => {
  let parent: string | undefined;
  const log: EventLog = {
    ...plain.log,
    head: async () => {
      await Promise.resolve();
      parent = trace.getSpan(context.active())?.spanContext().spanId;
      return undefined;
    },
  };
  await traceStore({ log }).log.head(session);
  expect(parent).toBe(traces.spans().at(-1)?.spanContext().spanId);
});

it("hands a span on that is not sampled, so that what runs inside is not sampled either", async () => {
  const root = {
    shouldSample: (_: unknown, __: string, name: string) => ({
      decision: name.startsWith("relevo") ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
    }),
  };
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({
    sampler: new ParentBasedSampler({ root }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const log: EventLog = {
    ...plain.log,
    head: async () => {
      tracerProvider.getTracer("driver").startSpan("query").end();
      return undefined;
    },
  };
  await traceStore({ log }, { tracerProvider }).log.head(session);
  expect(exporter.getFinishedSpans()).toEqual([]);
});

it("passes on what a port answers at once, and works without metrics when their provider throws", async () => {
  const meterProvider = {
    getMeter(): never {
      throw new Error("no meters");
    },
  };
  const log: EventLog = { ...plain.log, head: () => undefined as never };
  expect(traceStore({ log }, { meterProvider }).log.head(session)).toBeUndefined();
  expect(traces.spans().map(({ name }) => name)).toEqual(["relevo.log.head"]);
  expect((await traced({ meterProvider }).log.append(session, [hello])).version).toBe(1);
});

it("refuses steps without a name or work, and sources and conversations that are none", async () => {
  const throwing = {
    get name(): string {
      throw new Error("no");
    },
  };
  const refused: readonly [string, () => unknown][] = [
    ["agent.name", () => traceAgent(undefined as never, async () => 1)],
    ["agent", () => traceAgent(throwing, async () => 1)],
    ["tool.name", () => traceTool({ name: 7 } as never, async () => 1)],
    ["workflow.conversation", () => traceWorkflow({ name: "w", conversation: 7 as never }, async () => 1)],
    ["work", () => traceAgent({ name: "a" }, undefined as never)],
    ["sources", () => withSources({} as never, () => 1)],
    ["id", () => withConversation(undefined as never, () => 1)],
  ];
  for (const [field, call] of refused) {
    const error = await (async () => await call())().catch((thrown: unknown) => thrown);
    expect([field, error]).toMatchObject([field, { code: "invalid-input", details: { field } }]);
  }
  expect(traces.spans()).toEqual([]);
});

it("refuses unknown options and a store that is none", () => {
  expect(() => traceStore(plain, { inprocess: true } as never)).toThrow(/inprocess/u);
  expect(() => traceStore(plain, { content: true } as never)).toThrow(/content/u);
  expect(() => traceStore(undefined as never)).toThrow(/store/u);
});
