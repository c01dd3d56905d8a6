import { context, metrics, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BatchSpanProcessor, TracerProvider as SdkTracerProvider } from "@opentelemetry/sdk-trace";
import type { Store } from "@relevo/core";
import { createHandoffs, type Handoffs, type HandoffsOptions, policies } from "@relevo/handoff-tracing";
import { type TraceStoreOptions, traceHandoffs, traceStore } from "@relevo/handoff-tracing/telemetry";
import { createMemoryStore } from "@relevo/store-memory";
import type { Benchmark, Work } from "./benchmark.ts";
import { address, message } from "./samples.ts";

const documentAddress = { tenant: "acme", namespace: ["agents", "planner"], key: "style" };
const event = [message(0)];

/** A store of its own for each side, so that neither works on what the other one appended. */
async function openStore(): Promise<Store> {
  const store = createMemoryStore({ sweepIntervalMs: 0, maxSessionBytes: 8 * 1024 ** 3 });
  await store.documents.put(documentAddress, { value: { tone: "informal" } });
  return store;
}

/** A processor as an application has it, with an exporter that is done at once. */
function sdk(): SdkTracerProvider {
  const exporter = {
    export: (_: unknown, done: (result: { readonly code: 0 }) => void) => done({ code: 0 }),
    shutdown: async () => undefined,
    forceFlush: async () => undefined,
  };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return new SdkTracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
}

interface Sides {
  readonly floor: (store: Store) => unknown;
  readonly subject: (store: Store) => unknown;
}

/** Two sides, each with a store of its own. */
async function onBoth({ floor, subject }: Sides, provider?: SdkTracerProvider): Promise<Work> {
  const [one, other] = [await openStore(), await openStore()];
  return {
    floor: () => floor(one),
    subject: () => subject(other),
    async [Symbol.asyncDispose]() {
      context.disable();
      await provider?.shutdown();
      await one.close();
      await other.close();
    },
  };
}

/** The call on the store, traced. The store is wrapped once. */
function traced(call: (store: Store) => unknown, options: TraceStoreOptions = {}): (store: Store) => unknown {
  let wrapped: Store | undefined;
  return (store) => {
    wrapped ??= traceStore(store, { inProcess: true, meterProvider: metrics.getMeterProvider(), ...options });
    return call(wrapped);
  };
}

/** The call inside a span that the SDK makes alone, with as many attributes as ours has. */
function inBareSpan(call: (store: Store) => Promise<unknown>, tracer: Tracer, attributes: number) {
  const names = Array.from({ length: attributes }, (_, index) => `relevo.attribute.${index}`);
  return (store: Store): Promise<unknown> => {
    const active = context.active();
    const span = tracer.startSpan("search_memory", { kind: SpanKind.INTERNAL }, active);
    for (const name of names) span.setAttribute(name, "acme/agents/planner");
    return context
      .with(trace.setSpan(active, span), () => call(store))
      .then((result) => {
        span.end();
        return result;
      });
  };
}

/** A handoff without a span or a sign of life, or with some of them. The handoffs are made once. */
function handOver(options: (store: Store) => Partial<HandoffsOptions>): (store: Store) => unknown {
  let handoffs: Handoffs | undefined;
  return (store) => {
    handoffs ??= createHandoffs({ log: store.log, ...options(store) });
    return handoffs.run(
      {
        session: address,
        from: "coordinator",
        to: "qualifier",
        reason: "new lead",
        policy: policies.last(5),
      },
      () => 85,
    );
  };
}

const calls = {
  "document get": { call: (store: Store) => store.documents.get(documentAddress), attributes: 7 },
  "append one": { call: (store: Store) => store.log.append(address, event), attributes: 9 },
} as const;

/** What a span for each call of a store, and what handoffs, cost beyond the same without them. */
export const telemetryBenchmarks: readonly Benchmark[] = [
  ...Object.entries(calls).flatMap(([name, { call, attributes }]): Benchmark[] => [
    {
      name: `${name}, traced without an SDK`,
      floor: "the same store, not wrapped",
      target: { beyondFloorMicros: 0.4 },
      setup: () => onBoth({ floor: call, subject: traced(call) }),
    },
    {
      name: `${name}, traced with a batch processor`,
      floor: "the same store, not wrapped",
      target: { beyondFloorMicros: 3.5 },
      setup() {
        const provider = sdk();
        return onBoth({ floor: call, subject: traced(call, { tracerProvider: provider }) }, provider);
      },
    },
    {
      name: `${name}, traced, beside the SDK alone`,
      floor: "a bare span of the SDK",
      target: { beyondFloorMicros: 0.5 },
      setup() {
        const provider = sdk();
        const floor = inBareSpan(call, provider.getTracer("bare"), attributes);
        return onBoth({ floor, subject: traced(call, { tracerProvider: provider }) }, provider);
      },
    },
  ]),
  {
    name: "handoff, traced with a batch processor",
    floor: "a handoff without a span",
    setup() {
      const provider = sdk();
      const observer = traceHandoffs({ tracerProvider: provider, meterProvider: metrics.getMeterProvider() });
      return onBoth({ floor: handOver(() => ({})), subject: handOver(() => ({ observer })) }, provider);
    },
  },
  {
    name: "handoff with a sign of life",
    floor: "a handoff without one",
    setup: () =>
      onBoth({ floor: handOver(() => ({})), subject: handOver(({ documents }) => ({ documents })) }),
  },
];
