import type {
  EventInput,
  EventType,
  ExecutionStatus,
  HandoffMode,
  HandoffPriority,
  HandoffStatus,
  SeqRange,
} from "../events.ts";
import type { JsonObject, JsonValue } from "../json.ts";
import type { Limits } from "../limits.ts";
import { requireKnownFields, requireObject } from "./fields.ts";
import { foreignItem } from "./foreign-message.ts";
import { admitId } from "./ids.ts";
import { admitJson, admitMetadata } from "./json.ts";
import { admitMessage, type MessageOrigin } from "./message.ts";
import { admitInteger, admitRanges, admitTime } from "./numbers.ts";
import { readArray } from "./read-array.ts";
import { refuse, shown, tooLarge } from "./refuse.ts";

/** An event that a store may keep as it is: checked, copied, frozen and measured. */
export interface AdmittedEvent {
  readonly event: EventInput;
  /** Size of the event as JSON in UTF-8; what `head.bytes` adds up. */
  readonly bytes: number;
}

const eventFields = new Set(["type", "body", "agent", "at", "pinned", "derivedFrom", "tokens", "metadata"]);
const plainTypes: ReadonlySet<string> = new Set(["message", "summary", "handoff", "execution", "retraction"]);

/** @throws `invalid-input` naming the event and the field; `too-large`. */
export function admitEvents(input: unknown, limits: Limits): readonly AdmittedEvent[] {
  const events = readArray(input, "events", "an array", limits.batchItems, "batchItems");
  let bytes = 0;
  const admitted: AdmittedEvent[] = [];
  for (let index = 0; index < events.length; index++) {
    const one = admitEvent(events[index], `events[${index}]`, limits);
    bytes += one.bytes;
    if (bytes > limits.batchBytes) throw tooLarge("events", "batchBytes", limits.batchBytes);
    admitted.push(one);
  }
  return admitted;
}

/**
 * One event, checked, copied, frozen and measured; a system message comes back pinned. Names of fields are made
 * only where something is refused: making them for each event would cost as much as the checks.
 */
export function admitEvent(
  input: unknown,
  field: string,
  limits: Limits,
  origin: MessageOrigin = "appended",
): AdmittedEvent {
  requireObject(input, field);
  const { value, bytes } = admitJson(input, field, limits);
  const event = value as { readonly [Field in keyof EventInput]?: JsonValue } & JsonObject;
  if (event.body === undefined) refuseForeign(event, field);
  // Looked at in the copy: a proxy may show other fields than it showed to the walk.
  requireKnownFields(event, field, eventFields);
  const type = plainTypes.has(event.type as string)
    ? (event.type as EventType)
    : admitEventType(event.type, `${field}.type`, limits);
  if (event.agent !== undefined) admitId(event.agent, `${field}.agent`, limits);
  if (event.at !== undefined) admitTime(event.at, `${field}.at`);
  if (event.pinned !== undefined && typeof event.pinned !== "boolean")
    throw refuse(`${field}.pinned`, "must be true or false.");
  if (event.derivedFrom !== undefined) admitRanges(event.derivedFrom, `${field}.derivedFrom`);
  if (event.tokens !== undefined) admitTokens(event.tokens, `${field}.tokens`);
  if (event.metadata !== undefined) admitEventMetadata(event.metadata, bytes, `${field}.metadata`, limits);
  if (event.body === undefined) throw refuse(`${field}.body`, "is missing.");
  checkBody(type, event.body, `${field}.body`, limits, origin);

  const admitted = event as unknown as EventInput;
  if (admitted.type === "message" && admitted.body.role === "system" && admitted.pinned === undefined) {
    // Counted as it is kept, so that an event moved to another store has the same size there.
    return { event: Object.freeze({ ...admitted, pinned: true }), bytes: bytes + pinnedBytes };
  }
  return { event: admitted, bytes };
}

const pinnedBytes = ',"pinned":true'.length;

/** A message or an item of another library in place of an event is refused with what it is here. */
function refuseForeign({ type, role, content }: JsonObject, field: string): void {
  if (type === "message" && (role !== undefined || content !== undefined))
    throw refuse(
      role === undefined ? `${field}.content` : `${field}.role`,
      'is a field of the message: leave out type, or write { type: "message", body: { role, content } }.',
    );
  const hint = typeof type === "string" ? foreignItem(type) : undefined;
  if (hint !== undefined) throw refuse(`${field}.type`, hint);
}

function admitEventMetadata(metadata: JsonValue, bytes: number, field: string, limits: Limits): void {
  requireObject(metadata, field);
  // Part of a small event is small; only that of a large one is measured by itself.
  if (bytes > limits.metadataBytes) admitMetadata(metadata, field, limits);
}

export function admitEventType(input: unknown, field: string, limits: Limits): EventType {
  if (typeof input === "string" && plainTypes.has(input)) return input as EventType;
  if (typeof input === "string" && input.startsWith("x-") && input.length > 2) {
    return admitId(input, field, limits) as EventType;
  }
  throw refuse(field, `must be one of ${[...plainTypes].join(", ")}, or begin with "x-".`);
}

/**
 * The ranges of a retraction, when the event is one. Stores check them against the version before the append with
 * `checkRetraction`.
 */
export function retractedRanges(event: EventInput): readonly SeqRange[] {
  return event.type === "retraction" ? event.body.ranges : [];
}

/** @throws `invalid-input` when a range reaches past the log as it was before the append. */
export function checkRetraction(event: EventInput, version: number): void {
  for (const range of retractedRanges(event)) {
    if (range.to > version) {
      throw refuse(
        "retraction",
        `names seq ${range.to}, but the log ends at ${version}. Retract what was appended before.`,
        {
          version,
        },
      );
    }
  }
}

function checkBody(
  type: EventType,
  body: JsonValue,
  field: string,
  limits: Limits,
  origin: MessageOrigin,
): void {
  if (type.startsWith("x-")) return;
  requireObject(body, field);
  const record = body as JsonObject;
  switch (type) {
    case "message":
      admitMessage(record, field, limits, origin);
      return;
    case "summary":
      requireText(record, ["text", "sourceHash", "strategy"], field);
      requireCounts(record, ["tokensBefore", "tokensAfter"], field);
      return;
    case "handoff":
      requireText(record, ["handoffId", "from", "to", "reason"], field);
      requireChoice(record, "status", handoffStatuses, field);
      requireChoice(record, "priority", handoffPriorities, field);
      if (record.mode !== undefined) requireChoice(record, "mode", handoffModes, field);
      requireCounts(record, ["depth"], field);
      return;
    case "execution":
      requireText(record, ["executionId"], field);
      requireChoice(record, "status", executionStatuses, field);
      return;
    case "retraction": {
      const ranges = admitRanges(record.ranges, `${field}.ranges`);
      if (ranges.length === 0) throw refuse(`${field}.ranges`, "must name at least one range.");
      requireText(record, ["reason"], field);
    }
  }
}

function requireText(body: JsonObject, names: readonly string[], field: string): void {
  for (const name of names) {
    if (typeof body[name] !== "string") throw refuse(`${field}.${name}`, "must be a string.");
  }
}

function requireChoice(body: JsonObject, name: string, choices: readonly string[], field: string): void {
  if (!choices.includes(body[name] as string)) {
    throw refuse(`${field}.${name}`, `must be one of ${choices.join(", ")}.`);
  }
}

const handoffStatuses = [
  "started",
  "completed",
  "failed",
  "rejected",
  "timed-out",
  "degraded",
  "abandoned",
] as const satisfies HandoffStatus[];
const handoffModes = ["transfer", "delegate"] as const satisfies HandoffMode[];
const handoffPriorities = ["low", "normal", "high", "urgent"] as const satisfies HandoffPriority[];
const executionStatuses = [
  "running",
  "completed",
  "failed",
  "cancelled",
] as const satisfies ExecutionStatus[];

function requireCounts(body: JsonObject, names: readonly string[], field: string): void {
  for (const name of names) admitInteger(body[name], `${field}.${name}`, 0);
}

function admitTokens(input: JsonValue, field: string): void {
  requireObject(input, field);
  for (const [counter, count] of Object.entries(input)) admitInteger(count, `${field}.${shown(counter)}`, 0);
}
