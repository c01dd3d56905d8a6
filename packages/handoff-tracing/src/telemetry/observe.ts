import {
  type Attributes,
  type Context,
  context,
  diag,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanKind,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { MemoryError } from "@relevo/core";
import { relevo } from "./attributes.ts";
import { errorType, genAi, type MemoryOperationName } from "./conventions.ts";
import { conversationOf } from "./conversation.ts";
import type { Instruments } from "./instruments.ts";
import { takeLinks } from "./links.ts";
import type { Telemetry } from "./telemetry.ts";

/** What is recorded of one method. `start` and `end` may throw, which loses attributes and nothing else. */
export interface Operation<Args extends readonly unknown[], Result> {
  /** The value of `relevo.operation`, such as `log.append`. */
  readonly name: string;
  /**
   * The operation of the conventions that this is, or that the call makes it. The span is then named after it, and
   * otherwise `relevo.` + name.
   */
  readonly memory?: MemoryOperationName | ((...args: Args) => MemoryOperationName);
  /**
   * Whether the call changed nothing: an earlier one did the work, or there was nothing to delete. Then it is no
   * operation on memory, or a backend would count it.
   */
  changedNothing?(result: Result): boolean;
  /** Another name for the span, where the conventions build one. */
  readonly spanName?: string;
  /** Describes the call. Returns the conversation, where the call names one. */
  start(span: Span, args: Args): string | undefined;
  /** Describes the result of a call that did not fail. */
  end?(span: Span, args: Args, result: Result): void;
  measure?(instruments: Instruments, args: Args, result: Result | undefined, seconds: number): void;
  /** The context that the call runs in, beside its span. */
  enter?(active: Context, args: Args): Context;
  /** Changes the result, such as a lease whose methods are traced too. */
  wrap?(result: Result, args: Args): Result;
}

/** What all spans of one port have in common. */
export interface PortSpans {
  readonly kind: SpanKind;
  readonly attributes?: Attributes;
}

/** The parts of a span that are the same for each call. */
interface SpanForm {
  readonly spanName: string;
  /** The name of the span when the call turns out to be no operation of the conventions. */
  readonly plainName: string;
  readonly options: SpanOptions;
  readonly memory: MemoryOperationName | undefined;
  /** Of the span's attributes those that metrics may have: each of a closed set of values. */
  readonly metricAttributes: Attributes;
}

/** An operation with the forms that its spans take. */
export interface PreparedOperation<Args extends readonly unknown[], Result>
  extends Omit<Operation<Args, Result>, "spanName" | "memory"> {
  readonly attributes: Attributes | undefined;
  form(args: Args): SpanForm;
}

export function prepareOperation<Args extends readonly unknown[], Result>(
  operation: Operation<Args, Result>,
  common: PortSpans,
): PreparedOperation<Args, Result> {
  const { name, memory } = operation;
  if (typeof memory !== "function") {
    const form = { ...formOf(name, memory, common), ...spanNameOf(operation) };
    return { ...operation, attributes: common.attributes, form: () => form };
  }
  const forms = new Map<MemoryOperationName, SpanForm>();
  const plain = formOf(name, undefined, common);
  return {
    ...operation,
    attributes: common.attributes,
    form(args) {
      let chosen: MemoryOperationName;
      try {
        chosen = memory(...args);
      } catch {
        // The arguments are not what the method takes; it will say so itself.
        return plain;
      }
      const known = forms.get(chosen) ?? formOf(name, chosen, common);
      forms.set(chosen, known);
      return known;
    },
  };
}

function spanNameOf({ spanName }: { readonly spanName?: string }): { readonly spanName?: string } {
  return spanName === undefined ? {} : { spanName };
}

function formOf(name: string, memory: MemoryOperationName | undefined, { kind }: PortSpans): SpanForm {
  const own: Attributes = { [relevo.operation.name]: name };
  if (memory !== undefined) own[genAi.operationName] = memory;
  return {
    spanName: memory ?? `relevo.${name}`,
    plainName: `relevo.${name}`,
    options: { kind },
    memory,
    metricAttributes: own,
  };
}

/**
 * Runs the call within a span. What the call answers is answered and what it throws is thrown, whatever a tracer, a
 * processor or an exporter does. Without an SDK it costs one look at the API.
 */
export function observe<Args extends readonly unknown[], Result>(
  telemetry: Telemetry,
  operation: PreparedOperation<Args, Result>,
  args: Args,
  call: () => Promise<Result>,
): Promise<Result> {
  const current = context.active();
  const { links, rest: active } = takeLinks(current);
  const form = operation.form(args);
  const span = startSpan(telemetry, form, active, links);
  const { instruments } = telemetry;
  if (span === undefined && instruments === undefined) return call();
  const startedAt = instruments === undefined ? 0 : performance.now();
  const recording = span?.isRecording() === true ? span : undefined;
  let entered = active;
  if (recording !== undefined) {
    guarded(() => {
      // Not among the options of the start: the SDK copies those twice, which took a microsecond.
      recording.setAttribute(relevo.operation.name, operation.name);
      if (operation.attributes !== undefined) recording.setAttributes(operation.attributes);
      const conversation = operation.start(recording, args) ?? conversationOf(active);
      if (conversation !== undefined) recording.setAttribute(genAi.conversationId, conversation);
      entered = operation.enter?.(active, args) ?? active;
    });
  }
  const settled = (result: Result | undefined, error?: unknown, failed = false): void =>
    guarded(() => {
      if (instruments !== undefined) {
        const seconds = (performance.now() - startedAt) / 1000;
        const { metricAttributes } = form;
        const attributes = failed ? { ...metricAttributes, [errorType]: typeOf(error) } : metricAttributes;
        instruments.operationDuration.record(seconds, attributes);
        operation.measure?.(instruments, args, result, seconds);
      }
      if (recording === undefined) return;
      try {
        if (form.memory !== undefined) {
          if (!failed && operation.changedNothing?.(result as Result) === true)
            recording.updateName(form.plainName);
          else recording.setAttribute(genAi.operationName, form.memory);
        }
        if (failed) describeError(telemetry, recording, error);
        else operation.end?.(recording, args, result as Result);
      } finally {
        recording.end();
      }
    });
  let answer: Promise<Result>;
  try {
    // A span that is not recorded is handed on too, or what runs inside would be sampled on its own.
    answer = span === undefined ? call() : context.with(trace.setSpan(entered, span), call);
  } catch (error) {
    settled(undefined, error, true);
    throw error;
  }
  return answer.then(
    (result) => {
      settled(result);
      return operation.wrap === undefined ? result : operation.wrap(result, args);
    },
    (error: unknown) => {
      settled(undefined, error, true);
      throw error;
    },
  );
}

/** The span, or `undefined` when there is no SDK and nothing to hand on. */
function startSpan(
  telemetry: Telemetry,
  { spanName, options }: SpanForm,
  active: Context,
  links: readonly Link[],
): Span | undefined {
  try {
    const all = links.length === 0 ? options : { ...options, links: [...links] };
    const span = telemetry.tracer.startSpan(spanName, all, active);
    return span.isRecording() || isSpanContextValid(span.spanContext()) ? span : undefined;
  } catch (error) {
    diag.error("Relevo: a span could not be started", String(error));
    return undefined;
  }
}

/** The code of our errors, otherwise the name of a built-in one: never a text that a caller or a server can choose. */
export function typeOf(error: unknown): string {
  if (MemoryError.isInstance(error)) return error.code;
  const name = error instanceof Error ? error.name : undefined;
  return name !== undefined && /^[A-Z][A-Za-z]{0,63}$/u.test(name) ? name : "_OTHER";
}

export function describeError(telemetry: Telemetry, span: Span, error: unknown): void {
  const status: SpanStatus = { code: SpanStatusCode.ERROR };
  span.setAttribute(errorType, typeOf(error));
  if (MemoryError.isInstance(error)) {
    span.setAttribute(relevo.errorOutcome.name, error.outcome);
    span.setAttribute(relevo.errorRetryable.name, error.retryable);
    const { conflict } = error.details;
    if (typeof conflict === "string") span.setAttribute(relevo.conflict.name, conflict);
  }
  // The message may repeat what was stored, so it is content.
  if (telemetry.hasContent && error instanceof Error) {
    const message = telemetry.redact(error.message, { kind: "error" });
    if (typeof message === "string") status.message = message;
  }
  span.setStatus(status);
}

/** Telemetry that fails must not fail what it looks at. */
export function guarded(work: () => void): void {
  try {
    work();
  } catch (error) {
    diag.error("Relevo: telemetry failed", String(error));
  }
}
