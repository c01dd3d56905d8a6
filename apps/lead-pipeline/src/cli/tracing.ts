import type { SpanExporter } from "@opentelemetry/sdk-trace";
import type { StoredSpan } from "@relevo/handoff-tracing/telemetry";
import type { Environment } from "../model/choose-model.ts";

/** An SDK for this run. Disposing it sends what is left. */
export interface Tracing extends AsyncDisposable {
  /** The spans that have ended, when they are to be drawn. */
  readonly spans: readonly StoredSpan[];
}

/** The longest that the end of a run waits for a collector. */
const flushMs = 5000;

/**
 * Registers an SDK when traces are to be drawn, or when the environment names a collector: `OTEL_EXPORTER_OTLP_ENDPOINT`
 * or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, with `_PROTOCOL` `http/protobuf` (the default) or `http/json`, and headers,
 * timeout and compression as the exporters read them. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` name the program;
 * `OTEL_SDK_DISABLED=true` and `OTEL_TRACES_EXPORTER=none` send nothing. `undefined` when there is nothing to do, and
 * then nothing is loaded. An SDK that was registered before, by `--import`, stays; its spans cannot be drawn.
 */
export async function openTracing(
  draws: boolean,
  environment: Environment,
  tell: (problem: string) => void,
): Promise<Tracing | undefined> {
  const isSent = sendsTraces(environment);
  if (!draws && !isSent) return undefined;
  const { context, trace } = await import("@opentelemetry/api");
  const { AsyncLocalStorageContextManager } = await import("@opentelemetry/context-async-hooks");
  const { defaultResource, detectResources, envDetector, resourceFromAttributes, serviceNameEnvDetector } =
    await import("@opentelemetry/resources");
  const { BatchSpanProcessor, TracerProvider } = await import("@opentelemetry/sdk-trace");
  const { storedSpan, traceInternals } = await import("@relevo/handoff-tracing/telemetry");
  const spans: StoredSpan[] = [];
  const keeping = {
    onStart: () => undefined,
    onEnd: (span: Parameters<typeof storedSpan>[0]) => void spans.push(storedSpan(span)),
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ "service.name": "relevo-leads" }))
      .merge(detectResources({ detectors: [envDetector, serviceNameEnvDetector] })),
    spanProcessors: [
      ...(draws ? [keeping] : []),
      ...(isSent ? [new BatchSpanProcessor({ exporter: await openExporter(environment) })] : []),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  const internals = traceInternals();
  return {
    spans,
    async [Symbol.asyncDispose]() {
      internals[Symbol.dispose]();
      await provider.forceFlush({ timeoutMillis: flushMs }).catch(() => {
        tell("Not all traces could be sent; the leads are not affected.");
      });
      trace.disable();
      context.disable();
      // An exporter may go on trying: the end of the run does not wait for it.
      provider.shutdown().catch(() => undefined);
    },
  };
}

function sendsTraces(environment: Environment): boolean {
  const named =
    environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? environment.OTEL_EXPORTER_OTLP_ENDPOINT ?? "";
  const isOff = environment.OTEL_SDK_DISABLED === "true" || environment.OTEL_TRACES_EXPORTER === "none";
  return named !== "" && !isOff;
}

async function openExporter(environment: Environment): Promise<SpanExporter> {
  const protocol = environment.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? environment.OTEL_EXPORTER_OTLP_PROTOCOL;
  const { OTLPTraceExporter } =
    protocol === "http/json"
      ? await import("@opentelemetry/exporter-trace-otlp-http")
      : await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter();
}
