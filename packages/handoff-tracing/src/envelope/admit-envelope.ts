import {
  defaultLimits,
  type HandoffMode,
  type HandoffPriority,
  type JsonObject,
  type JsonValue,
  type Message,
} from "@relevo/core";
import {
  admitChoice,
  admitId,
  admitInteger,
  admitMessage,
  admitNamespace,
  admitRanges,
  readArray,
  refuse,
  requireKnownFields,
  requireObject,
} from "@relevo/core/input";
import type { Envelope, EnvelopeHandoff, TraceCarrier } from "./envelope.ts";

const envelopeFields = new Set(["tenant", "session", "incarnation", "branch", "version", "handoff", "trace"]);
const handoffFields = new Set([
  "handoffId",
  "depth",
  "from",
  "to",
  "reason",
  "mode",
  "priority",
  "data",
  "passed",
  "messages",
  "documents",
]);
const traceFields = new Set(["traceparent", "tracestate", "baggage"]);
const modes: readonly HandoffMode[] = ["transfer", "delegate"];
const priorities: readonly HandoffPriority[] = ["low", "normal", "high", "urgent"];

/** Checks an envelope that `admitJson` has copied. @throws `invalid-input` that names the field; `too-large`. */
export function admitEnvelope(given: JsonObject): Envelope {
  requireKnownFields(given, "envelope", envelopeFields);
  const { tenant, session, incarnation, branch, version, handoff, trace } = given;
  requireObject(handoff, "envelope.handoff");
  return {
    tenant: admitId(tenant, "envelope.tenant", defaultLimits),
    session: admitId(session, "envelope.session", defaultLimits),
    ...optional("incarnation", incarnation, (value) => admitId(value, "envelope.incarnation", defaultLimits)),
    ...optional("branch", branch, (value) => admitId(value, "envelope.branch", defaultLimits)),
    ...optional("version", version, (value) => admitInteger(value, "envelope.version", 0)),
    handoff: admitHandoff(handoff as JsonObject),
    ...optional("trace", trace, admitTrace),
  };
}

function admitHandoff(given: JsonObject): EnvelopeHandoff {
  const at = "envelope.handoff";
  requireKnownFields(given, at, handoffFields);
  const { handoffId, depth, from, to, reason, mode, priority, data, passed, messages, documents } = given;
  if (typeof reason !== "string") throw refuse(`${at}.reason`, "must be a string.");
  return {
    handoffId: admitId(handoffId, `${at}.handoffId`, defaultLimits),
    depth: admitInteger(depth, `${at}.depth`, 0),
    from: admitId(from, `${at}.from`, defaultLimits),
    to: admitId(to, `${at}.to`, defaultLimits),
    reason,
    ...optional("mode", mode, (value) => admitChoice(value, `${at}.mode`, modes, "transfer")),
    ...optional("priority", priority, (value) => admitChoice(value, `${at}.priority`, priorities, "normal")),
    ...(data === undefined ? {} : { data }),
    ...optional("passed", passed, (value) => admitRanges(value, `${at}.passed`)),
    ...optional("messages", messages, (value) => admitMessages(value, `${at}.messages`)),
    ...optional("documents", documents, (value) => admitKeys(value, `${at}.documents`)),
  };
}

function admitMessages(given: JsonValue, field: string): readonly Message[] {
  return readArray(given, field, "an array of messages", maxMessages).map((message, index) => {
    requireObject(message, `${field}[${index}]`);
    admitMessage(message as JsonObject, `${field}[${index}]`, defaultLimits);
    return message as unknown as Message;
  });
}

const maxMessages = 10_000;

function admitKeys(given: JsonValue, field: string): readonly (readonly string[])[] {
  const limits = { ...defaultLimits, namespaceElements: defaultLimits.namespaceElements + 1 };
  return readArray(given, field, "an array of keys", maxMessages).map((key, index) =>
    admitNamespace(key as readonly string[], `${field}[${index}]`, limits),
  );
}

/** The forms of W3C Trace Context; longer than its recommendations is refused, so that no header is made of it. */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/u;
const headerForm = /^[\x20-\x7e\t]{0,8192}$/u;

function admitTrace(given: JsonValue): TraceCarrier {
  const at = "envelope.trace";
  requireObject(given, at);
  requireKnownFields(given, at, traceFields);
  const { traceparent, tracestate, baggage } = given as JsonObject;
  const text = (value: JsonValue, name: string, form: RegExp): string => {
    if (typeof value !== "string" || !form.test(value))
      throw refuse(`${at}.${name}`, "is not as the W3C defines it.");
    return value;
  };
  return {
    ...optional("traceparent", traceparent, (value) => text(value, "traceparent", traceparentForm)),
    ...optional("tracestate", tracestate, (value) => text(value, "tracestate", headerForm)),
    ...optional("baggage", baggage, (value) => text(value, "baggage", headerForm)),
  };
}

function optional<Name extends string, Value>(
  name: Name,
  value: JsonValue | undefined,
  admit: (value: JsonValue) => Value,
): { readonly [_ in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: admit(value) } as { readonly [_ in Name]: Value });
}
