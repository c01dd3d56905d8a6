/** A worker thread with an SDK of its own, whose agent continues the trace of an envelope. */
import { parentPort } from "node:worker_threads";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { createEnvelopes } from "../../src/envelope/index.ts";
import { continueTrace, traceAgent, traceTool } from "../../src/telemetry/index.ts";

const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
);
const envelopes = createEnvelopes();
parentPort?.on("message", async (text: string) => {
  const { handoff, session, trace: carrier } = await envelopes.open(text);
  await continueTrace(carrier, () =>
    traceAgent({ name: handoff.to, conversation: session }, () =>
      traceTool({ name: "count" }, async () => 1),
    ),
  );
  const spans = exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    traceId: span.spanContext().traceId,
    spanId: span.spanContext().spanId,
    parentId: span.parentSpanContext?.spanId ?? null,
    conversation: span.attributes["gen_ai.conversation.id"] ?? null,
  }));
  parentPort?.postMessage(spans);
});
