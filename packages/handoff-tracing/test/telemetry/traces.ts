import { context, type SpanContext, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

/** An SDK that keeps what it exports. */
export interface Traces extends Disposable {
  readonly provider: TracerProvider;
  /** The spans that have ended, in the order in which they started. */
  spans(): readonly ReadableSpan[];
  /** All spans as a tree, with ids and times replaced. */
  tree(): string;
  reset(): void;
}

/** Registers the context manager and, unless it is only wanted as an option, the provider. */
export function collectTraces({ register = true, processors = [] as SpanProcessor[] } = {}): Traces {
  const exporter = new InMemorySpanExporter();
  const started: string[] = [];
  const order: SpanProcessor = {
    onStart: (span) => void started.push(span.spanContext().spanId),
    onEnd: () => undefined,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const provider = new TracerProvider({
    spanProcessors: [order, new SimpleSpanProcessor({ exporter }), ...processors],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  if (register) trace.setGlobalTracerProvider(provider);
  const spans = (): readonly ReadableSpan[] => {
    const place = new Map(started.map((id, index) => [id, index]));
    const at = (span: ReadableSpan): number => place.get(span.spanContext().spanId) ?? -1;
    return exporter.getFinishedSpans().toSorted((a, b) => at(a) - at(b));
  };
  return {
    provider,
    spans,
    tree: () => renderSpans(spans()),
    reset() {
      exporter.reset();
      started.length = 0;
    },
    [Symbol.dispose]() {
      trace.disable();
      context.disable();
    },
  };
}

/** Draws spans with names, kinds, status, attributes, parents and links. Ids are replaced by the order of their first use. */
export function renderSpans(spans: readonly ReadableSpan[]): string {
  const seen = new Map<string, string>();
  const alias = (kind: string, id: string): string => {
    const known = seen.get(id);
    if (known !== undefined) return known;
    const name = `${kind}-${[...seen.values()].filter((other) => other.startsWith(`${kind}-`)).length + 1}`;
    seen.set(id, name);
    return name;
  };
  const plain = (value: unknown): string =>
    JSON.stringify(value).replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/gu, (id) =>
      alias("uuid", id),
    );
  const spanName = ({ spanId }: Pick<SpanContext, "spanId">): string => alias("span", spanId);
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const lines: string[] = [];
  const draw = (span: ReadableSpan, depth: number): void => {
    const indent = "  ".repeat(depth);
    const { code, message } = span.status;
    const status =
      code === SpanStatusCode.UNSET ? "" : ` ${SpanStatusCode[code]}${message ? ` ${message}` : ""}`;
    const remote = span.parentSpanContext?.isRemote === true ? " (remote parent)" : "";
    lines.push(
      `${indent}${span.name} ${SpanKind[span.kind]}${status} = ${spanName(span.spanContext())}${remote}`,
    );
    for (const [name, value] of Object.entries(span.attributes).sort(([a], [b]) => (a < b ? -1 : 1)))
      lines.push(`${indent}  · ${name}: ${stable(name, value, plain)}`);
    for (const link of span.links)
      lines.push(`${indent}  → ${spanName(link.context)} ${plain(link.attributes ?? {})}`);
    for (const child of spans)
      if (child.parentSpanContext?.spanId === span.spanContext().spanId) draw(child, depth + 1);
  };
  for (const span of spans) if (!ids.has(span.parentSpanContext?.spanId ?? "")) draw(span, 0);
  return `${lines.join("\n")}\n`;
}

/** Values that the store's clock or a random number decides. */
function stable(name: string, value: unknown, plain: (value: unknown) => string): string {
  if (name === "relevo.fence") return "<fence>";
  if (name === "relevo.document.version") return "<version>";
  return plain(value).replace(/(\\"version\\":)\d+/gu, "$1<version>");
}
