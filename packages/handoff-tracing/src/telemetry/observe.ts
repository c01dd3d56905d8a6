import {
  type Attributes,
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
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
import { warn } from "./diagnose.ts";
import type { Instruments } from "./instruments.ts";
import { linksOf, withoutLinks } from "./links.ts";
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
  /** Nothing inside makes spans, so the span need not be the active one there, which takes half a microsecond. */
  readonly isLeaf?: boolean;
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
  readonly isLeaf: boolean;
  form(args: Args): SpanForm;
}

export function prepareOperation<Args extends readonly unknown[], Result>(
  operation: Operation<Args, Result>,
  common: PortSpans,
): PreparedOperation<Args, Result> {
  const { name, memory } = operation;
  const { attributes, isLeaf = false } = common;
  if (typeof memory !== "function") {
    const form = { ...formOf(name, memory, common), ...spanNameOf(operation) };
    return { ...operation, attributes, isLeaf, form: () => form };
  }
  const forms = new Map<MemoryOperationName, SpanForm>();
  const plain = formOf(name, undefined, common);
  return {
    ...operation,
    attributes,
    isLeaf,
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
  const links = linksOf(current);
  const active = links === undefined ? current : withoutLinks(current);
  const form = operation.form(args);
  const span = startSpan(telemetry, form, active, links);
  const { instruments } = telemetry;
  if (span === undefined && instruments === undefined) return call();
  const startedAt = instruments === undefined ? 0 : performance.now();
  const recording = span?.isRecording() === true ? span : undefined;
  const entered = recording === undefined ? active : describeStart(operation, recording, active, args);
  const run: Run<Args, Result> = { telemetry, operation, form, args, recording, instruments, startedAt };
  let answer: Promise<Result>;
  try {
    // A span that is not recorded is handed on too, or what runs inside would be sampled on its own.
    answer =
      span === undefined || operation.isLeaf ? call() : context.with(trace.setSpan(entered, span), call);
  } catch (error) {
    fail(run, error);
    throw error;
  }
  if (typeof answer?.then !== "function") {
    // What is traced by its members alone may answer at once.
    succeed(run, answer as Result);
    return answer;
  }
  return answer.then(
    (result) => {
      succeed(run, result);
      return operation.wrap === undefined ? result : operation.wrap(result, args);
    },
    (error: unknown) => {
      fail(run, error);
      throw error;
    },
  );
}

/** One call under observation. */
interface Run<Args extends readonly unknown[], Result> {
  readonly telemetry: Telemetry;
  readonly operation: PreparedOperation<Args, Result>;
  readonly form: SpanForm;
  readonly args: Args;
  readonly recording: Span | undefined;
  readonly instruments: Instruments | undefined;
  readonly startedAt: number;
}

/** Describes the call; returns the context that it runs in, beside its span. */
function describeStart<Args extends readonly unknown[], Result>(
  operation: PreparedOperation<Args, Result>,
  span: Span,
  active: Context,
  args: Args,
): Context {
  try {
    // Not among the options of the start: the SDK copies those twice, which took a microsecond.
    span.setAttribute(relevo.operation.name, operation.name);
    if (operation.attributes !== undefined) span.setAttributes(operation.attributes);
    const conversation = operation.start(span, args) ?? conversationOf(active);
    if (conversation !== undefined) span.setAttribute(genAi.conversationId, conversation);
    return operation.enter === undefined ? active : operation.enter(active, args);
  } catch (error) {
    reportFailure(error);
    return active;
  }
}

function succeed<Args extends readonly unknown[], Result>(
  { operation, form, args, recording, instruments, startedAt }: Run<Args, Result>,
  result: Result,
): void {
  try {
    if (instruments !== undefined) {
      const seconds = (performance.now() - startedAt) / 1000;
      instruments.operationDuration.record(seconds, form.metricAttributes);
      operation.measure?.(instruments, args, result, seconds);
    }
    if (recording === undefined) return;
    try {
      if (form.memory !== undefined) {
        if (operation.changedNothing?.(result) === true) recording.updateName(form.plainName);
        else recording.setAttribute(genAi.operationName, form.memory);
      }
      operation.end?.(recording, args, result);
    } finally {
      recording.end();
    }
  } catch (error) {
    reportFailure(error);
  }
}

function fail<Args extends readonly unknown[], Result>(
  { telemetry, operation, form, args, recording, instruments, startedAt }: Run<Args, Result>,
  failure: unknown,
): void {
  guarded(() => {
    if (instruments !== undefined) {
      const seconds = (performance.now() - startedAt) / 1000;
      const attributes = { ...form.metricAttributes, [errorType]: typeOf(failure) };
      instruments.operationDuration.record(seconds, attributes);
      operation.measure?.(instruments, args, undefined, seconds);
    }
    if (recording === undefined) return;
    try {
      if (form.memory !== undefined) recording.setAttribute(genAi.operationName, form.memory);
      describeError(telemetry, recording, failure);
    } finally {
      recording.end();
    }
  });
}

/** The span, or `undefined` when there is no SDK and nothing to hand on. */
function startSpan(
  telemetry: Telemetry,
  { spanName, options }: SpanForm,
  active: Context,
  links: readonly Link[] | undefined,
): Span | undefined {
  try {
    const all = links === undefined ? options : { ...options, links: [...links] };
    const span = telemetry.tracer.startSpan(spanName, all, active);
    if (span.isRecording()) return span;
    const own = span.spanContext();
    // The first comparison spares the second, which matches a pattern, when there is no SDK.
    return own !== INVALID_SPAN_CONTEXT && isSpanContextValid(own) ? span : undefined;
  } catch (error) {
    warn("a span could not be started", error);
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
    reportFailure(error);
  }
}

function reportFailure(error: unknown): void {
  warn("a span or a metric could not be recorded", error);
}
