import { context, metrics, type TracerProvider } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BatchSpanProcessor, TracerProvider as SdkTracerProvider } from "@opentelemetry/sdk-trace";
import type { Store } from "@relevo/core";
import { traceStore } from "@relevo/handoff-tracing/telemetry";
import { createMemoryStore } from "@relevo/store-memory";
import type { Benchmark, Work } from "./benchmark.ts";
import { address, message } from "./samples.ts";

const documentAddress = { tenant: "acme", namespace: ["agents", "planner"], key: "style" };
const event = [message(0)];

const calls = {
  "document get": (store: Store) => store.documents.get(documentAddress),
  "append one": (store: Store) => store.log.append(address, event),
} as const;

/** A store of its own for each side, so that neither works on what the other one appended. */
async function openStore(): Promise<Store> {
  const store = createMemoryStore({ sweepIntervalMs: 0, maxSessionBytes: 8 * 1024 ** 3 });
  await store.documents.put(documentAddress, { value: { tone: "informal" } });
  return store;
}

async function onBoth(
  call: (store: Store) => unknown,
  provider: TracerProvider | undefined,
  close: () => unknown,
): Promise<Work> {
  const plain = await openStore();
  const behind = await openStore();
  const traced = traceStore(behind, {
    inProcess: true,
    meterProvider: metrics.getMeterProvider(),
    ...(provider === undefined ? {} : { tracerProvider: provider }),
  });
  return {
    floor: () => call(plain),
    subject: () => call(traced),
    async [Symbol.asyncDispose]() {
      await close();
      await plain.close();
      await behind.close();
    },
  };
}

/** A processor as an application has it, with an exporter that is done at once. */
function sdk(): SdkTracerProvider {
  const exporter = {
    export: (_: unknown, done: (result: { readonly code: 0 }) => void) => done({ code: 0 }),
    shutdown: async () => undefined,
    forceFlush: async () => undefined,
  };
  return new SdkTracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
}

/** What a span for each call of a store costs beyond the call itself. */
export const telemetryBenchmarks: readonly Benchmark[] = Object.entries(calls).flatMap(([name, call]) => [
  {
    name: `${name}, traced without an SDK`,
    floor: "the same store, not wrapped",
    target: { beyondFloorMicros: 0.4 },
    setup: () => onBoth(call, undefined, () => undefined),
  },
  {
    name: `${name}, traced with a batch processor`,
    floor: "the same store, not wrapped",
    target: { beyondFloorMicros: 3.5 },
    setup() {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      const provider = sdk();
      return onBoth(call, provider, async () => {
        context.disable();
        await provider.shutdown();
      });
    },
  },
]);
