import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import type { JsonValue } from "@relevo/core";

/** What a piece of content is, for the redactor. */
export interface ContentSource {
  /**
   * `record`: the body of an event or document. `query`: the text of a search. `arguments` and `result`: of a tool.
   * `reason` and `data`: of a handoff. `error`: the message of an error.
   */
  readonly kind: "record" | "query" | "arguments" | "result" | "reason" | "data" | "error";
  readonly storeId?: string | undefined;
  readonly recordId?: string | undefined;
}

/** Returns what is recorded of a piece of content; `undefined` for nothing. When it throws, nothing is recorded. */
export type ContentRedactor = (content: JsonValue, source: ContentSource) => JsonValue | undefined;

export interface TelemetryOptions {
  /** The globally registered one when left out, also when it is registered later. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** The globally registered one when left out, also when it is registered later. */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * Records content on spans: what is stored and found, queries, reasons of handoffs, messages of errors. Left out, no
   * span holds any of it. `(content) => content` records everything. What was exported is out of reach of an erasure.
   */
  readonly content?: ContentRedactor | undefined;
  /** The most content on one span, as JSON in UTF-8; more is left out. 65,536 bytes when left out. */
  readonly maxContentBytes?: number | undefined;
}
