import {
  type Context,
  context,
  createContextKey,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import type { HandoffRecord, SessionAddress } from "@relevo/core";
import { admitOptions, countRanges, type FieldTable, fieldTable } from "@relevo/core/input";
import { isRejection } from "../record/handoff-errors.ts";
import type { HandoffObserver, ObservedEnd } from "../record/observer.ts";
import { relevo } from "./attributes.ts";
import { errorType, genAi, transfer } from "./conventions.ts";
import { withConversationId } from "./conversation.ts";
import { linksOf, linkTo, withoutLinks } from "./links.ts";
import { guarded, typeOf } from "./observe.ts";
import { type HandoffConventionOptions, usesProposal } from "./semconv.ts";
import { Telemetry, telemetryKinds } from "./telemetry.ts";
import type { TelemetryOptions } from "./telemetry-options.ts";

export interface TraceHandoffsOptions extends TelemetryOptions, HandoffConventionOptions {}

const fields: FieldTable = fieldTable<TraceHandoffsOptions>({ ...telemetryKinds, semconv: "refines" });

/** The span of the handoff whose receiver runs in a context. */
interface Enclosing {
  readonly span: SpanContext;
  ended: boolean;
}

const enclosingKey = createContextKey("relevo.handoff");

/**
 * An observer that gives each handoff a span, from before its start is recorded to its end, and records the span's ids in
 * the log. What the receiver does is inside the span, nested handoffs too, and belongs to the session's conversation. A
 * handoff that starts when the one around it has ended is a trace of its own with a link to it; one that ends later gets
 * such a link as well. With `semconv` a span follows the proposal for handoffs.
 *
 * @throws `invalid-input` that names the option.
 * @example
 * ```ts
 * const handoffs = createHandoffs({ log: store.log, observer: traceHandoffs() });
 * ```
 */
export function traceHandoffs(given: TraceHandoffsOptions = {}): HandoffObserver {
  const options = admitOptions(given, fields);
  const telemetry = new Telemetry(options);
  const isProposal = usesProposal(options.semconv, process.env);
  return {
    onStart({ session, record }) {
      const active = context.active();
      const links = [...(linksOf(active) ?? []), ...lostSpanOf(record)];
      const rest = withoutLinks(active);
      const around = enclosingOf(rest);
      const isLate = around?.ended === true;
      const span = telemetry.tracer.startSpan(
        isProposal ? `execute_tool handoff ${record.to}` : "relevo.handoff",
        {
          kind: SpanKind.INTERNAL,
          root: isLate,
          links: around !== undefined && isLate ? [...links, linkTo(around.span, "outlived")] : links,
        },
        rest,
      );
      const startedAt = performance.now();
      guarded(() => describeStart(telemetry, span, session, record, isProposal));
      const own: Enclosing = { span: span.spanContext(), ended: false };
      const inside = trace.setSpan(
        withConversationId(rest, session.session).setValue(enclosingKey, own),
        span,
      );
      const { traceId, spanId } = own.span;
      return {
        ...(trace.isSpanContextValid(own.span) ? { trace: { traceId, spanId } } : {}),
        within: (run) => context.with(inside, run),
        onEnd(end) {
          own.ended = true;
          const { instruments } = telemetry;
          const failure = failureOf(end);
          if (instruments !== undefined) {
            const failed = failure === undefined ? {} : { [errorType]: failure };
            const operation = { [relevo.operation.name]: "handoff" };
            instruments.handoffs.add(1, { [relevo.handoffStatus.name]: end.record.status, ...failed });
            // How long one took whose process died, nobody knows.
            if (end.record.status !== "abandoned")
              instruments.operationDuration.record((performance.now() - startedAt) / 1000, {
                ...operation,
                ...failed,
              });
          }
          try {
            if (around?.ended === true && !isLate) span.addLink(linkTo(around.span, "outlived"));
            describeEnd(telemetry, span, end, failure);
          } finally {
            span.end();
          }
        },
      };
    },
  };
}

/** The span of a handoff that is marked as abandoned: it never ended, so a backend knows it from this link alone. */
function lostSpanOf({ status, trace: lost }: HandoffRecord): readonly Link[] {
  if (status !== "abandoned" || lost === undefined) return [];
  const span = { ...lost, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  return trace.isSpanContextValid(span) ? [linkTo(span, "abandoned")] : [];
}

function enclosingOf(active: Context): Enclosing | undefined {
  return active.getValue(enclosingKey) as Enclosing | undefined;
}

function describeStart(
  telemetry: Telemetry,
  span: Span,
  { tenant, session }: SessionAddress,
  record: HandoffRecord,
  isProposal: boolean,
): void {
  const { handoffId, parentId, from, to, mode, priority, depth, context: shown } = record;
  span.setAttributes({
    [relevo.operation.name]: "handoff",
    [relevo.tenant.name]: tenant,
    [genAi.conversationId]: session,
    [relevo.handoffId.name]: handoffId,
    [relevo.handoffFrom.name]: from,
    [relevo.handoffTo.name]: to,
    [relevo.handoffPriority.name]: priority,
    [relevo.handoffDepth.name]: depth,
    ...(parentId === undefined ? {} : { [relevo.handoffParentId.name]: parentId }),
    ...(mode === undefined ? {} : { [relevo.handoffMode.name]: mode }),
  });
  if (isProposal) {
    span.setAttributes({
      [genAi.operationName]: "execute_tool",
      [genAi.toolName]: "handoff",
      [genAi.agentName]: from,
      [transfer.targetName]: to,
    });
    if (mode !== undefined)
      span.setAttribute(transfer.mode, mode === "transfer" ? "pass_control" : "return_to_caller");
  }
  if (shown !== undefined) {
    const { policy, passed, dropped, reshaped = [], inline = [], documents = [] } = shown;
    span.setAttributes({
      [relevo.handoffPolicy.name]: policy,
      [relevo.handoffPassed.name]: countRanges(passed),
      [relevo.handoffDropped.name]: countRanges(dropped),
      [relevo.handoffReshaped.name]: countRanges(reshaped),
      [relevo.handoffMade.name]: inline.length,
      [relevo.handoffDocuments.name]: documents.length,
    });
    if (shown.tokensBefore !== undefined)
      span.setAttribute(relevo.handoffTokensBefore.name, shown.tokensBefore);
    if (shown.tokensAfter !== undefined) span.setAttribute(relevo.handoffTokensAfter.name, shown.tokensAfter);
  }
  telemetry.setContent(span, relevo.handoffReason.name, record.reason, { kind: "reason" });
  telemetry.setContent(span, relevo.handoffData.name, record.data, { kind: "data" });
}

/**
 * A receiver that rejects has decided, which is no failure; a loop guard that refuses has. An end that is not in the log
 * is one, whatever the receiver did.
 */
function failureOf({ record, error, recorded, cause }: ObservedEnd): string | undefined {
  const { status, error: described } = record;
  const isFine =
    status === "completed" ||
    (status === "degraded" && described === undefined) ||
    (status === "rejected" && isRejection(error));
  if (isFine) return recorded ? undefined : typeOf(cause);
  return described?.code ?? (error === undefined ? status : typeOf(error));
}

function describeEnd(
  telemetry: Telemetry,
  span: Span,
  { record: { status }, error, recorded }: ObservedEnd,
  failure: string | undefined,
): void {
  span.setAttribute(relevo.handoffStatus.name, status);
  if (!recorded) span.setAttribute(relevo.handoffUnrecorded.name, true);
  if (failure === undefined) return;
  span.setAttribute(errorType, failure);
  const message =
    telemetry.hasContent && error instanceof Error
      ? telemetry.redact(error.message, { kind: "error" })
      : undefined;
  span.setStatus({
    code: SpanStatusCode.ERROR,
    ...(typeof message === "string" ? { message } : {}),
  });
}
