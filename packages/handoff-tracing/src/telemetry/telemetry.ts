import {
  createNoopMeter,
  type Meter,
  type MeterProvider,
  metrics,
  type Span,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { JsonValue } from "@relevo/core";
import { admitInteger, type FieldKinds, refuse } from "@relevo/core/input";
import { relevo } from "./attributes.ts";
import { genAi } from "./conventions.ts";
import { warn } from "./diagnose.ts";
import { createInstruments, type Instruments } from "./instruments.ts";
import type { ContentSource, TelemetryOptions } from "./telemetry-options.ts";

export const scopeName = "@relevo/handoff-tracing";
const noopMeter: Meter = createNoopMeter();

export const telemetryKinds: FieldKinds<TelemetryOptions> = {
  tracerProvider: "refines",
  meterProvider: "refines",
  content: "refines",
  maxContentBytes: "refines",
};

/** A record as `gen_ai.memory.records` lists it. */
export interface MemoryRecord {
  readonly id: string;
  readonly content: JsonValue;
  readonly score?: number;
  readonly metadata?: { readonly [name: string]: JsonValue };
}

/** The tracer, the instruments and the redactor of one set of options. */
export class Telemetry {
  readonly tracer: Tracer;
  /** Whether content is recorded at all. */
  readonly hasContent: boolean;
  readonly #content: TelemetryOptions["content"];
  readonly #maxContentBytes: number;
  readonly #meterProvider: MeterProvider | undefined;
  #seenProvider: MeterProvider | undefined;
  #instruments: Instruments | undefined;

  /** @throws `invalid-input` that names the option. */
  constructor(options: TelemetryOptions) {
    const { tracerProvider, meterProvider, content } = options;
    if (content !== undefined && typeof content !== "function")
      throw refuse("content", "must be a function that returns what may be recorded.");
    if (tracerProvider !== undefined && typeof tracerProvider.getTracer !== "function")
      throw refuse("tracerProvider", "must have a function getTracer().");
    if (meterProvider !== undefined && typeof meterProvider.getMeter !== "function")
      throw refuse("meterProvider", "must have a function getMeter().");
    // The global one is a proxy: a tracer from it starts to record when an SDK is registered later.
    this.tracer = (tracerProvider ?? trace).getTracer(scopeName);
    this.#meterProvider = meterProvider;
    this.#content = content;
    this.hasContent = content !== undefined;
    this.#maxContentBytes = admitInteger(options.maxContentBytes ?? 65_536, "maxContentBytes", 1);
  }

  /** The instruments; `undefined` while nobody collects metrics. */
  get instruments(): Instruments | undefined {
    // A meter of the API does nothing for ever when it was taken before an SDK was registered.
    const provider = this.#meterProvider ?? metrics.getMeterProvider();
    if (provider !== this.#seenProvider) {
      this.#seenProvider = provider;
      this.#instruments = undefined;
      try {
        const meter = provider.getMeter(scopeName);
        if (meter !== noopMeter) this.#instruments = createInstruments(meter);
      } catch (error) {
        warn("metrics cannot be recorded", error);
      }
    }
    return this.#instruments;
  }

  /** What the redactor leaves of a piece of content; `undefined` for nothing, and when content is not recorded. */
  redact(content: JsonValue, source: ContentSource): JsonValue | undefined {
    return this.#content?.(content, source);
  }

  /** Sets an attribute to content as text, as JSON unless it is a text. */
  setContent(span: Span, attribute: string, content: JsonValue | undefined, source: ContentSource): void {
    if (!this.hasContent || content === undefined) return;
    this.#guarded(span, () => {
      const left = this.redact(content, source);
      if (left !== undefined)
        this.#set(span, attribute, typeof left === "string" ? left : JSON.stringify(left));
    });
  }

  /**
   * Sets the records of a memory span, if content is recorded; nothing is made of them otherwise. Records that the redactor
   * takes out are not listed.
   */
  setRecords(
    span: Span,
    storeIdOf: () => string | undefined,
    records: (storeId: string | undefined) => readonly MemoryRecord[],
  ): void {
    if (!this.hasContent) return;
    this.#guarded(span, () => {
      const storeId = storeIdOf();
      const listed = records(storeId).flatMap((record) => {
        const content = this.redact(record.content, { kind: "record", storeId, recordId: record.id });
        return content === undefined ? [] : [{ ...record, content }];
      });
      if (listed.length > 0) this.#set(span, genAi.memoryRecords, JSON.stringify(listed));
    });
  }

  #set(span: Span, attribute: string, text: string): void {
    if (Buffer.byteLength(text) <= this.#maxContentBytes) span.setAttribute(attribute, text);
    else span.setAttribute(relevo.contentOmitted.name, true);
  }

  #guarded(span: Span, work: () => void): void {
    try {
      work();
    } catch (error) {
      span.setAttribute(relevo.contentOmitted.name, true);
      warn("content was left out of a span", error);
    }
  }
}
