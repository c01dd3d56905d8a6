/** A process of its own that takes envelopes from a list of Redis, hands on, and answers into another list. */
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { createRedisStore } from "@relevo/store-redis";
import { createClient } from "redis";
import { createEnvelopes } from "../../src/envelope/index.ts";
import { createHandoffs } from "../../src/index.ts";
import { continueTrace, traceAgent, traceHandoffs, traceStore } from "../../src/telemetry/index.ts";

const [, , url = "", secret = ""] = process.argv;
const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
);

const client = await createClient({ url }).connect();
const { log } = traceStore(createRedisStore({ client }));
const handoffs = createHandoffs({ log, observer: traceHandoffs() });
const envelopes = createEnvelopes({ keys: { current: "k", keys: { k: secret } } });
const queue = await createClient({ url }).connect();
for (;;) {
  const taken = await queue.blPop("envelopes", 0);
  if (taken === null) continue;
  exporter.reset();
  let result: unknown;
  try {
    const {
      tenant,
      session,
      handoff,
      incarnation = "",
      trace: carrier,
    } = await envelopes.open(taken.element);
    result = await continueTrace(carrier, () =>
      traceAgent({ name: handoff.to, conversation: session }, () =>
        handoffs.run(
          {
            session: { tenant, session, incarnation },
            from: handoff.to,
            to: "calendar",
            reason: "a free hour",
            parent: handoff,
          },
          ({ messages }) => messages.length,
        ),
      ),
    );
  } catch (error) {
    result = String((error as { code?: string }).code);
  }
  const spans = exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    traceId: span.spanContext().traceId,
    spanId: span.spanContext().spanId,
    parentId: span.parentSpanContext?.spanId ?? null,
    conversation: span.attributes["gen_ai.conversation.id"] ?? null,
  }));
  await client.rPush("answers", JSON.stringify({ pid: process.pid, result, spans }));
}
