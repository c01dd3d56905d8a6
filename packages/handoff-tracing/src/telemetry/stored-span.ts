import {
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
} from "@opentelemetry/api";
import type { JsonObject, JsonValue } from "@relevo/core";
import { retryEvent } from "./conventions.ts";

/** The parts of an SDK's finished span that are kept; typed by hand, because the SDK is the application's choice. */
export interface FinishedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  spanContext(): SpanContext;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  readonly events?: readonly { readonly name: string }[] | undefined;
}

/** A span as JSON. */
export interface StoredSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Set when the span failed; its text is there if content was recorded. */
  readonly error?: string;
  readonly attributes: JsonObject;
  /** How often something inside was tried again, where `traceInternals` runs. */
  readonly retries?: number;
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: JsonObject;
  }[];
}

export function storedSpan(span: FinishedSpan): StoredSpan {
  const { traceId, spanId } = span.spanContext();
  const { status, links, events = [] } = span;
  const retries = events.filter(({ name }) => name === retryEvent).length;
  const startMs = millis(span.startTime);
  const parentId = span.parentSpanContext?.spanId;
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentId }),
    name: span.name,
    kind: SpanKind[span.kind] ?? "INTERNAL",
    startMs,
    durationMs: Math.max(0, Math.round((millis(span.endTime) - startMs) * 1000) / 1000),
    ...(status.code === SpanStatusCode.ERROR ? { error: status.message ?? "" } : {}),
    attributes: jsonOf(span.attributes),
    ...(retries === 0 ? {} : { retries }),
    ...(links.length === 0
      ? {}
      : {
          links: links.map(({ context, attributes }) => ({
            traceId: context.traceId,
            spanId: context.spanId,
            attributes: jsonOf(attributes ?? {}),
          })),
        }),
  };
}

function millis([seconds, nanos]: HrTime): number {
  return seconds * 1000 + nanos / 1e6;
}

/** Attributes as a store takes them: a text may hold what no store does, and a number may be none. */
function jsonOf(attributes: Attributes): JsonObject {
  const entries = Object.entries(attributes).flatMap(([name, value]): [string, JsonValue][] => {
    if (typeof value === "string") return [[name, value.toWellFormed().replaceAll("\0", "\uFFFD")]];
    if (typeof value === "boolean" || Number.isFinite(value)) return [[name, value as boolean | number]];
    return value === undefined || value === null ? [] : [[name, JSON.stringify(value).toWellFormed()]];
  });
  return Object.fromEntries(entries);
}
