/** A process of its own with one agent: it takes envelopes over HTTP, and answers what it did and its spans. */
import { createServer } from "node:http";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { createEnvelopes } from "../../src/envelope/index.ts";
import { createHandoffs } from "../../src/index.ts";
import { continueTrace, traceAgent, traceCarrier, traceHandoffs } from "../../src/telemetry/index.ts";
import { bodyOf, listen, remoteLog } from "./log-over-http.ts";

const { LOG_URL = "", SECRET = "" } = process.env;
const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
);

const log = remoteLog(LOG_URL);
const handoffs = createHandoffs({ log, observer: traceHandoffs() });
const envelopes = createEnvelopes({ keys: { current: "k", keys: { k: SECRET } } });

const server = createServer(async (request, response) => {
  try {
    const { tenant, session, handoff, trace: carrier } = await envelopes.open(await bodyOf(request));
    const answer = await continueTrace(carrier, () =>
      traceAgent({ name: handoff.to, conversation: session }, async () => {
        const { events } = await log.read({ tenant, session }, { types: ["message"] });
        return await handoffs.run(
          {
            session: { tenant, session },
            from: handoff.to,
            to: "calendar",
            reason: "a free hour",
            parent: handoff,
          },
          async () => ({ read: events.length, baggage: traceCarrier().baggage ?? null }),
        );
      }),
    );
    const spans = exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentId: span.parentSpanContext?.spanId ?? null,
      conversation: span.attributes["gen_ai.conversation.id"] ?? null,
    }));
    response.end(JSON.stringify({ pid: process.pid, answer, spans }));
  } catch (error) {
    response.statusCode = 400;
    response.end(String((error as { code?: string }).code));
  }
});
const { url } = await listen(server);
process.send?.(url);
process.on("disconnect", () => process.exit(0));
