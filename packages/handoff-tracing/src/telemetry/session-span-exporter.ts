import { context, createContextKey } from "@opentelemetry/api";
import type { DocumentStore, EventLog, JsonValue, SessionAddress } from "@relevo/core";
import { MemoryError } from "@relevo/core";
import { admitFields, admitInteger, type FieldTable, fieldTable } from "@relevo/core/input";
import { relevo } from "./attributes.ts";
import { genAi } from "./conventions.ts";
import { type FinishedSpan, type StoredSpan, storedSpan } from "./stored-span.ts";

export interface SessionSpanExporterOptions {
  /** Where the sessions are. Give it untraced: its own calls are not traced anyway. */
  readonly store: { readonly log: EventLog; readonly documents: DocumentStore };
  /** How long spans are kept; never longer than their session. 604,800,000 ms (a week) when left out. */
  readonly ttlMs?: number | undefined;
}

/** A `SpanExporter` of the SDK. */
export interface SessionSpanExporter {
  export(
    spans: readonly FinishedSpan[],
    done: (result: { readonly code: number; readonly error?: Error }) => void,
  ): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

const fields: FieldTable = fieldTable<SessionSpanExporterOptions>({ store: "selects", ttlMs: "refines" });
export const traceNamespace: readonly string[] = ["relevo", "traces"];
const spansInDocument = 100;
const rememberedTraces = 1000;
const weekMs = 7 * 24 * 3600 * 1000;
/** The key under which SDKs look for it: `suppressTracing` of `@opentelemetry/core`. */
const suppressKey = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/**
 * Keeps the spans of a conversation beside it, as documents of its session, for a console that draws them: erased with
 * the session, and read back by `readSessionSpans`. Spans without a `gen_ai.conversation.id` are left out, and those
 * whose tenant no span of their trace has named. A session that has ended is not brought back.
 *
 * Use it with a batch processor, beside the exporter of your backend. Each batch costs a read and a write of a session.
 *
 * @throws `invalid-input` that names the option.
 */
export function createSessionSpanExporter(given: SessionSpanExporterOptions): SessionSpanExporter {
  const { store, ttlMs = weekMs } = admitFields(given, "options", fields);
  admitInteger(ttlMs, "ttlMs", 1);
  /** By trace; `undefined` for one in which several tenants took part: then each span has to name its own. */
  const tenants = new Map<string, string | undefined>();
  const running = new Set<Promise<void>>();
  let isShut = false;

  /** Agents and tools do not know their tenant, but the memory that they use does, and ends before them. */
  function tenantOf({ traceId, attributes }: StoredSpan): string | undefined {
    const own = attributes[relevo.tenant.name];
    if (typeof own !== "string") return tenants.get(traceId);
    const isOther = tenants.has(traceId) && tenants.get(traceId) !== own;
    tenants.delete(traceId);
    tenants.set(traceId, isOther ? undefined : own);
    const [oldest] = tenants.keys();
    if (tenants.size > rememberedTraces && oldest !== undefined) tenants.delete(oldest);
    return own;
  }

  async function keep(spans: readonly FinishedSpan[]): Promise<void> {
    const sessions = new Map<string, { readonly address: SessionAddress; readonly spans: StoredSpan[] }>();
    const stored = spans.map(storedSpan);
    for (const span of stored) tenantOf(span);
    for (const span of stored) {
      const tenant = tenantOf(span);
      const session = span.attributes[genAi.conversationId];
      if (tenant === undefined || typeof session !== "string") continue;
      const name = JSON.stringify([tenant, session]);
      const found = sessions.get(name) ?? { address: { tenant, session }, spans: [] };
      sessions.set(name, found);
      found.spans.push(span);
    }
    const all = await Promise.allSettled([...sessions.values()].map(keepSession));
    const failed = all.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async function keepSession(of: {
    readonly address: SessionAddress;
    readonly spans: StoredSpan[];
  }): Promise<void> {
    const { address, spans } = of;
    const head = await store.log.head(address);
    if (head === undefined || head.sealed === true) return;
    for (let at = 0; at < spans.length; at += spansInDocument) {
      const part = spans.slice(at, at + spansInDocument);
      const [first] = part;
      if (first === undefined) return;
      const key = `${Math.floor(first.startMs)}-${first.spanId}`;
      const value = { spans: part as unknown as JsonValue };
      try {
        await store.documents.put(
          { ...address, namespace: traceNamespace, key },
          { value, ttlMs },
          { incarnation: head.incarnation },
        );
      } catch (error) {
        // The session ended meanwhile, and its spans with it.
        if (!MemoryError.isInstance(error, "history-lost")) throw error;
      }
    }
  }

  const settled = async (): Promise<void> => void (await Promise.allSettled([...running]));
  return {
    export(spans, done) {
      if (isShut) return done({ code: 1, error: new MemoryError("closed", "The exporter was shut down.") });
      const untraced = context.active().setValue(suppressKey, true);
      const work = context
        .with(untraced, () => keep(spans))
        .then(
          () => done({ code: 0 }),
          (error: unknown) =>
            done({ code: 1, error: error instanceof Error ? error : new Error(String(error)) }),
        )
        .finally(() => running.delete(work));
      running.add(work);
    },
    forceFlush: settled,
    async shutdown() {
      isShut = true;
      await settled();
    },
  };
}
