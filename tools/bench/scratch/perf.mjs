import { context, metrics, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { traceStore } from "@relevo/handoff-tracing/telemetry";
import { createMemoryStore } from "@relevo/store-memory";

const addr = { tenant: "acme", namespace: ["agents", "planner"], key: "style" };
const sess = { tenant: "acme", session: "lead-123" };
const event = [{ type: "message", body: { role: "user", content: "hello there, this is a message" } }];
const open = async () => {
  const s = createMemoryStore({ sweepIntervalMs: 0, maxSessionBytes: 8 * 1024 ** 3 });
  await s.documents.put(addr, { value: { tone: "informal" } });
  return s;
};
const sdk = () =>
  new TracerProvider({
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: {
          export: (_, done) => done({ code: 0 }),
          shutdown: async () => {},
          forceFlush: async () => {},
        },
      }),
    ],
  });
const cpu = () => {
  const { user, system } = process.threadCpuUsage();
  return user + system;
};
const calls = { get: (s) => s.documents.get(addr), append: (s) => s.log.append(sess, event) };
const plain = await open();
const mk = async (provider) =>
  traceStore(await open(), {
    inProcess: true,
    meterProvider: metrics.getMeterProvider(),
    ...(provider ? { tracerProvider: provider } : {}),
  });
const none = await mk();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const provider = sdk();
const batch = await mk(provider);
// the least: raw spans around the same call with the same number of attributes
const tracer = provider.getTracer("x");
const rawStore = await open();
const raw = {
  get(n) {
    const span = tracer.startSpan("search_memory", { kind: SpanKind.INTERNAL }, context.active());
    for (let i = 0; i < n; i++) span.setAttribute(names[i], "acme/agents/planner");
    return context
      .with(trace.setSpan(context.active(), span), () => rawStore.documents.get(addr))
      .then(
        (r) => {
          span.end();
          return r;
        },
        (e) => {
          span.end();
          throw e;
        },
      );
  },
  append(n) {
    const span = tracer.startSpan("create_memory", { kind: SpanKind.INTERNAL }, context.active());
    for (let i = 0; i < n; i++) span.setAttribute(names[i], "acme/agents/planner");
    return context
      .with(trace.setSpan(context.active(), span), () => rawStore.log.append(sess, event))
      .then(
        (r) => {
          span.end();
          return r;
        },
        (e) => {
          span.end();
          throw e;
        },
      );
  },
};
const names = Array.from({ length: 12 }, (_, i) => `relevo.attribute.${i}`);
let spanKey;
trace.setSpan(
  {
    getValue() {},
    setValue(k) {
      spanKey = k;
      return this;
    },
    deleteValue() {
      return this;
    },
  },
  tracer.startSpan("probe"),
);
class Layer {
  constructor(base, span) {
    this.base = base;
    this.span = span;
  }
  getValue(k) {
    return k === spanKey ? this.span : this.base.getValue(k);
  }
  setValue(k, v) {
    return this.base.setValue(spanKey, this.span).setValue(k, v);
  }
  deleteValue(k) {
    return this.base.setValue(spanKey, this.span).deleteValue(k);
  }
}
const variants = {
  onlySpan(c) {
    const span = tracer.startSpan("search_memory", { kind: SpanKind.INTERNAL }, context.active());
    span.end();
    return c(rawStore);
  },
  noCtx(c) {
    const span = tracer.startSpan("search_memory", { kind: SpanKind.INTERNAL }, context.active());
    for (let i = 0; i < 7; i++) span.setAttribute(names[i], "acme/agents/planner");
    return c(rawStore).then(
      (r) => {
        span.end();
        return r;
      },
      (e) => {
        span.end();
        throw e;
      },
    );
  },
  layer(c) {
    const active = context.active();
    const span = tracer.startSpan("search_memory", { kind: SpanKind.INTERNAL }, active);
    for (let i = 0; i < 7; i++) span.setAttribute(names[i], "acme/agents/planner");
    return context
      .with(new Layer(active, span), () => c(rawStore))
      .then(
        (r) => {
          span.end();
          return r;
        },
        (e) => {
          span.end();
          throw e;
        },
      );
  },
  opts(c) {
    const active = context.active();
    const attributes = {};
    for (let i = 0; i < 7; i++) attributes[names[i]] = "acme/agents/planner";
    const span = tracer.startSpan("search_memory", { kind: SpanKind.INTERNAL, attributes }, active);
    return context
      .with(new Layer(active, span), () => c(rawStore))
      .then(
        (r) => {
          span.end();
          return r;
        },
        (e) => {
          span.end();
          throw e;
        },
      );
  },
};
const subjects = {
  plain: (c) => c(plain),
  none: (c) => c(none),
  raw0: (c) => (c === calls.get ? raw.get(0) : raw.append(0)),
  raw7: (c) => (c === calls.get ? raw.get(7) : raw.append(9)),
  batch: (c) => c(batch),
  ...variants,
};
const N = Number(process.argv[2] ?? 4000),
  R = Number(process.argv[3] ?? 25);
for (const [name, call] of Object.entries(calls)) {
  const times = Object.fromEntries(Object.keys(subjects).map((k) => [k, []]));
  for (let round = -3; round < R; round++) {
    for (const [key, run] of Object.entries(subjects)) {
      const start = cpu();
      for (let i = 0; i < N; i++) await run(call);
      const each = (cpu() - start) / N;
      if (round >= 0) times[key].push(each);
    }
  }
  const med = (xs) => xs.toSorted((a, b) => a - b)[Math.floor(xs.length / 2)];
  const low = (xs) => xs.toSorted((a, b) => a - b)[Math.floor(xs.length / 4)];
  const base = times.plain;
  console.log(
    name,
    Object.fromEntries(
      Object.entries(times).map(([k, xs]) => [
        k,
        `${med(xs).toFixed(2)} (+${med(xs.map((x, i) => x - base[i])).toFixed(2)}, low +${(low(xs) - low(base)).toFixed(2)})`,
      ]),
    ),
  );
}
process.exit(0);
