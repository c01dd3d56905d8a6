import {
  type BaggageEntry,
  baggageEntryMetadataFromString,
  type Context,
  context,
  createTraceState,
  propagation,
  type SpanContext,
  trace,
} from "@opentelemetry/api";
import type { TraceCarrier } from "../envelope/envelope.ts";
import type { WorkSource } from "./links.ts";

const traceparentForm = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/u;
/** The limits of W3C Baggage, and those of an envelope. */
const maxMembers = 64;
const maxLength = 8192;
const headerForm = /^[\x20-\x7e\t]*$/u;

/**
 * The active trace and baggage as W3C text, for an envelope; empty when nothing is traced. Baggage beyond the limits of the
 * W3C, 64 members and 8,192 bytes, is left out. Whatever propagators the SDK has: an envelope is always read by us.
 */
export function traceCarrier(): TraceCarrier {
  const active = context.active();
  const span = trace.getSpan(active)?.spanContext();
  const baggage = headerOf(propagation.getBaggage(active)?.getAllEntries() ?? []);
  const isTraced = span !== undefined && trace.isSpanContextValid(span);
  const state = isTraced ? (span.traceState?.serialize() ?? "") : "";
  return {
    ...(isTraced ? { traceparent: `00-${span.traceId}-${span.spanId}-${hex(span.traceFlags)}` } : {}),
    ...(state === "" || state.length > maxLength || !headerForm.test(state) ? {} : { tracestate: state }),
    ...(baggage === "" ? {} : { baggage }),
  };
}

function headerOf(entries: readonly (readonly [string, BaggageEntry])[]): string {
  const members: string[] = [];
  let length = 0;
  for (const [name, { value, metadata }] of entries) {
    const suffix = metadata?.toString() ?? "";
    const pair = `${encoded(name)}=${encoded(value)}`;
    const member = suffix === "" || !headerForm.test(suffix) ? pair : `${pair};${suffix}`;
    if (length + member.length > maxLength) continue;
    length += member.length + 1;
    members.push(member);
    if (members.length === maxMembers) break;
  }
  return members.join(",");
}

/** Baggage is text of the application: half a character must not end a handoff. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** The span that a carrier names, to link to it; `undefined` when it names none. */
export function sourceOf(carrier: TraceCarrier | undefined): WorkSource | undefined {
  const [, version, traceId = "", spanId = "", flags = "00"] =
    traceparentForm.exec(carrier?.traceparent ?? "") ?? [];
  if (version === undefined || version === "ff") return undefined;
  const state = carrier?.tracestate;
  const span: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  };
  return trace.isSpanContextValid(span) ? span : undefined;
}

/**
 * Runs work as a part of the trace that a carrier brings: the spans inside are children of the sender's, and its baggage
 * is active. A carrier without a trace leaves the active one.
 */
export function continueTrace<Result>(carrier: TraceCarrier | undefined, work: () => Result): Result {
  let inside: Context = context.active();
  const span = sourceOf(carrier);
  if (span !== undefined) inside = trace.setSpanContext(inside, span);
  const entries = baggageOf(carrier?.baggage);
  if (entries !== undefined) inside = propagation.setBaggage(inside, propagation.createBaggage(entries));
  return context.with(inside, work);
}

function baggageOf(text: string | undefined): Record<string, BaggageEntry> | undefined {
  if (text === undefined) return undefined;
  const entries = new Map<string, BaggageEntry>();
  for (const member of text.split(",").slice(0, maxMembers)) {
    const [pair = "", ...properties] = member.split(";");
    const at = pair.indexOf("=");
    if (at <= 0) continue;
    try {
      const name = decodeURIComponent(pair.slice(0, at).trim());
      const value = decodeURIComponent(pair.slice(at + 1).trim());
      const metadata = properties.join(";").trim();
      entries.set(
        name,
        metadata === "" ? { value } : { value, metadata: baggageEntryMetadataFromString(metadata) },
      );
    } catch {
      // A member that is not percent-encoded as it should be is left out, as by other readers of this header.
    }
  }
  return entries.size === 0 ? undefined : Object.fromEntries(entries);
}

function hex(flags: number): string {
  return (flags & 0xff).toString(16).padStart(2, "0");
}
