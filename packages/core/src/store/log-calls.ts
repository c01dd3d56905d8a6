import type { SessionAddress } from "../address.ts";
import type { EventInput, EventType, SeqRange } from "../events.ts";
import { admitCall } from "../input/call.ts";
import { type AdmittedEvent, admitEvents, admitEventType } from "../input/events.ts";
import { admitFields, admitOptions } from "../input/fields.ts";
import { admitId, admitOptionalId, admitSessionAddress } from "../input/ids.ts";
import { admitMetadata } from "../input/json.ts";
import {
  admitChoice,
  admitLimit,
  admitNullableTtl,
  admitOptionalInteger,
  admitRanges,
  admitTime,
  throwIfAborted,
} from "../input/numbers.ts";
import { guardFields, initFields } from "../input/option-kinds.ts";
import { normalizeRanges } from "../input/ranges.ts";
import { readArray } from "../input/read-array.ts";
import { refuse } from "../input/refuse.ts";
import type { JsonObject } from "../json.ts";
import { defaultLimits, type Limits } from "../limits.ts";
import type { CallOptions } from "../ports/common.ts";
import type {
  AppendOptions,
  DeleteSessionOptions,
  EraseOptions,
  Operation,
  ReadOptions,
  SealOptions,
  SessionGuard,
  SessionInit,
  TouchOptions,
  TrimOptions,
} from "../ports/event-log.ts";
import {
  appendFields,
  deleteSessionFields,
  eraseFields,
  operationFields,
  readFields,
  touchFields,
  trimFields,
} from "./log-fields.ts";

/** What every admitted request has. */
export interface AdmittedCall {
  /** Of the caller. It had not fired when the call was admitted. */
  readonly signal: AbortSignal | undefined;
}

/** A write that may move the session's revision. */
export interface AdmittedWrite {
  /** The token that the session has when it does: made by `createStore`, and never made twice. */
  readonly token: string;
}

/** A request about one session. */
export interface AdmittedSessionCall extends AdmittedCall {
  readonly address: SessionAddress;
}

export interface AdmittedGuard extends AdmittedCall {
  readonly incarnation: string | undefined;
  readonly fence: number | undefined;
  readonly subject: string | undefined;
  readonly metadata: JsonObject;
}

export function admitGuard(options: SessionGuard | undefined, limits: Limits): AdmittedGuard {
  return admitGuardFields(admitOptions(options, guardFields), limits);
}

/** As `admitGuard`, of options that were admitted already. */
export function admitGuardFields(options: SessionGuard, limits: Limits): AdmittedGuard {
  throwIfAborted(options.signal);
  const init = admitInit(options.init, limits);
  return {
    incarnation: admitOptionalId(options.incarnation, "incarnation", limits),
    fence: admitOptionalInteger(options.fence, "fence", 1),
    subject: init.subject,
    metadata: init.metadata,
    signal: options.signal,
  };
}

const noInit = Object.freeze({
  subject: undefined,
  metadata: admitMetadata(undefined, "", defaultLimits).value,
});

function admitInit(
  init: SessionInit | undefined,
  limits: Limits,
): { readonly subject: string | undefined; readonly metadata: JsonObject } {
  if (init === undefined) return noInit;
  const { subject, metadata } = admitFields(init, "init", initFields);
  return {
    subject: admitOptionalId(subject, "init.subject", limits),
    metadata: admitMetadata(metadata, "init.metadata", limits).value,
  };
}

export interface AdmittedAppend extends AdmittedGuard, AdmittedWrite {
  readonly address: SessionAddress;
  readonly events: readonly AdmittedEvent[];
  readonly operation: Operation | undefined;
  readonly expectedVersion: number | undefined;
  /** What was read of the session's removals; 0 when the caller did not say. */
  readonly removalRevision: number;
  /** What the events repeat, ascending and apart; `undefined` when they repeat nothing. */
  readonly derivedFrom: readonly SeqRange[] | undefined;
  readonly ttlMs: number | null | undefined;
  /** The events are to be answered, which `createStore` does for every driver. */
  readonly withEvents: boolean;
}

/** Everything an append needs, checked before a store looks at it. */
export function admitAppend(
  address: SessionAddress,
  events: readonly EventInput[],
  given: AppendOptions | undefined,
  limits: Limits,
  token: string,
): AdmittedAppend {
  const options = admitOptions(given, appendFields);
  const guard = admitGuardFields(options, limits);
  const operation = admitOperation(options.operation, limits);
  const admitted = admitEvents(events, limits);
  if (admitted.length === 0 && operation === undefined) {
    throw refuse(
      "events",
      "must hold at least one event; an append without events needs an operation to record.",
    );
  }
  const removalRevision = admitOptionalInteger(options.removalRevision, "removalRevision", 0);
  if (removalRevision !== undefined && guard.incarnation === undefined) {
    throw refuse("removalRevision", "needs the incarnation that it was read from.");
  }
  const { withEvents = false }: { readonly withEvents?: unknown } = options;
  if (typeof withEvents !== "boolean") throw refuse("withEvents", "must be true or false.");
  // Named one by one: spreading the guard costs more than checking it.
  return {
    address: admitSessionAddress(address, limits),
    events: admitted,
    operation,
    expectedVersion: admitOptionalInteger(options.expectedVersion, "expectedVersion", 0),
    removalRevision: removalRevision ?? 0,
    derivedFrom: sourcesOf(admitted),
    ttlMs: admitNullableTtl(options.ttlMs),
    withEvents,
    incarnation: guard.incarnation,
    fence: guard.fence,
    subject: guard.subject,
    metadata: guard.metadata,
    signal: guard.signal,
    token,
  };
}

function sourcesOf(events: readonly AdmittedEvent[]): readonly SeqRange[] | undefined {
  const ranges: SeqRange[] = [];
  for (const { event } of events) {
    if (event.derivedFrom === undefined) continue;
    for (const range of event.derivedFrom) ranges.push(range);
  }
  return ranges.length === 0 ? undefined : normalizeRanges(ranges);
}

export function admitOperation(operation: Operation | undefined, limits: Limits): Operation | undefined {
  if (operation === undefined) return undefined;
  const { id, fingerprint } = admitFields(operation, "operation", operationFields);
  return {
    id: admitId(id, "operation.id", limits),
    fingerprint: admitId(fingerprint, "operation.fingerprint", limits),
  };
}

export interface AdmittedOperation extends AdmittedSessionCall {
  readonly id: string;
}

/** For `operation`. */
export function admitOperationCall(
  address: SessionAddress,
  id: string,
  given: CallOptions | undefined,
  limits: Limits,
): AdmittedOperation {
  const { signal } = admitCall(given);
  return { address: admitSessionAddress(address, limits), id: admitId(id, "id", limits), signal };
}

/** For `head`. */
export function admitHead(
  address: SessionAddress,
  given: CallOptions | undefined,
  limits: Limits,
): AdmittedSessionCall {
  const { signal } = admitCall(given);
  return { address: admitSessionAddress(address, limits), signal };
}

export interface AdmittedRead extends AdmittedSessionCall {
  readonly after: number;
  readonly before: number;
  readonly limit: number;
  readonly direction: "forward" | "backward";
  readonly types: ReadonlySet<EventType> | undefined;
  readonly agent: string | undefined;
  readonly pinned: boolean | undefined;
  readonly atVersion: number | undefined;
  readonly retracted: "exclude" | "include" | "only";
  /** What is asked for below the page; `undefined` for nothing. */
  readonly below: AdmittedBelow | undefined;
  /** While it is the session's token, nothing but the state of the log need be answered. */
  readonly unlessToken: string | undefined;
}

/** At least one of the two is asked for, backward from the end of the log as it is now. */
export interface AdmittedBelow {
  readonly pinned: boolean;
  readonly summaries: boolean;
}

// Made once: a new list for each read takes a twentieth of its time.
const directions = ["forward", "backward"] as const;
const retractions = ["exclude", "include", "only"] as const;

export function admitRead(
  address: SessionAddress,
  given: ReadOptions | undefined,
  limits: Limits,
): AdmittedRead {
  const options = admitOptions(given, readFields);
  throwIfAborted(options.signal);
  const pinned: unknown = options.pinned;
  if (pinned !== undefined && typeof pinned !== "boolean") throw refuse("pinned", "must be true or false.");
  return {
    address: admitSessionAddress(address, limits),
    signal: options.signal,
    after: admitOptionalInteger(options.after, "after", 0) ?? 0,
    before: admitOptionalInteger(options.before, "before", 0) ?? Number.MAX_SAFE_INTEGER,
    limit: admitLimit(options.limit),
    direction: admitChoice(options.direction, "direction", directions, "forward"),
    types: admitTypes(options.types, limits),
    agent: admitOptionalId(options.agent, "agent", limits),
    pinned,
    atVersion: admitOptionalInteger(options.atVersion, "atVersion", 0),
    retracted: admitChoice(options.retracted, "retracted", retractions, "exclude"),
    below: options.below === undefined ? undefined : admitBelow(options),
    unlessToken: admitOptionalId(options.unlessToken, "unlessToken", limits),
  };
}

function admitBelow(options: Partial<ReadOptions>): AdmittedBelow | undefined {
  const parts = readArray(options.below, "below", "an array of pinned and summaries", 2);
  for (const part of parts)
    if (part !== "pinned" && part !== "summaries") throw refuse("below", "must hold pinned or summaries.");
  if (options.direction !== "backward") throw refuse("below", "needs the direction backward.");
  for (const name of ["after", "before", "atVersion", "retracted"] as const)
    if (options[name] !== undefined) throw refuse("below", `cannot be combined with ${name}.`);
  return parts.length === 0
    ? undefined
    : { pinned: parts.includes("pinned"), summaries: parts.includes("summaries") };
}

export function admitTypes(types: unknown, limits: Limits): ReadonlySet<EventType> | undefined {
  if (types === undefined) return undefined;
  const elements = readArray(types, "types", "an array of event types", maxTypes);
  return new Set(elements.map((type, index) => admitEventType(type, `types[${index}]`, limits)));
}

const maxTypes = 64;

export interface AdmittedTouch extends AdmittedSessionCall, AdmittedWrite {
  readonly incarnation: string | undefined;
  readonly ttlMs: number | null | undefined;
  readonly subject: string | undefined;
  readonly metadata: JsonObject | undefined;
}

export function admitTouch(
  address: SessionAddress,
  given: TouchOptions | undefined,
  limits: Limits,
  token: string,
): AdmittedTouch {
  const options = admitOptions(given, touchFields);
  throwIfAborted(options.signal);
  const metadata = options.metadata;
  return {
    address: admitSessionAddress(address, limits),
    signal: options.signal,
    incarnation: admitOptionalId(options.incarnation, "incarnation", limits),
    ttlMs: admitNullableTtl(options.ttlMs),
    subject: admitOptionalId(options.subject, "subject", limits),
    metadata: metadata === undefined ? undefined : admitMetadata(metadata, "metadata", limits).value,
    token,
  };
}

export interface AdmittedTrim extends AdmittedSessionCall, AdmittedWrite {
  readonly incarnation: string | undefined;
  readonly beforeSeq: number | undefined;
  readonly olderThan: number | undefined;
}

export function admitTrim(
  address: SessionAddress,
  given: TrimOptions,
  limits: Limits,
  token: string,
): AdmittedTrim {
  const options = admitOptions(given, trimFields);
  throwIfAborted(options.signal);
  const { beforeSeq, olderThan } = options as { readonly beforeSeq?: unknown; readonly olderThan?: unknown };
  if ((beforeSeq === undefined) === (olderThan === undefined)) {
    throw refuse("options", "must have exactly one of beforeSeq and olderThan.");
  }
  return {
    address: admitSessionAddress(address, limits),
    signal: options.signal,
    incarnation: admitOptionalId(options.incarnation, "incarnation", limits),
    beforeSeq: admitOptionalInteger(beforeSeq, "beforeSeq", 1),
    olderThan: admitTime(olderThan, "olderThan"),
    token,
  };
}

export interface AdmittedErase extends AdmittedSessionCall, AdmittedWrite {
  /** As they were given: in any order, and they may overlap. With them goes what was derived from them. */
  readonly ranges: readonly SeqRange[];
  /** As `ranges`, but what was derived from them stays, and their tombstones have `derived: "kept"`. */
  readonly kept: readonly SeqRange[];
  readonly incarnation: string | undefined;
}

export function admitErase(
  address: SessionAddress,
  given: EraseOptions,
  limits: Limits,
  token: string,
): AdmittedErase {
  const options = admitOptions(given, eraseFields);
  throwIfAborted(options.signal);
  const keeps = admitChoice(options.derived, "derived", ["erase", "keep"], "erase") === "keep";
  const ranges = admitRanges(options.seqs, "seqs");
  return {
    address: admitSessionAddress(address, limits),
    signal: options.signal,
    ranges: keeps ? [] : ranges,
    kept: keeps ? ranges : [],
    incarnation: admitOptionalId(options.incarnation, "incarnation", limits),
    token,
  };
}

/** What a call that ends or seals a session checks before it does. */
export interface AdmittedSessionGuards extends AdmittedSessionCall {
  readonly incarnation: string | undefined;
  readonly fence: number | undefined;
  readonly expectedVersion: number | undefined;
}

export function sessionGuardsOf(
  address: SessionAddress,
  { incarnation, fence, expectedVersion, signal }: SealOptions,
  limits: Limits,
): AdmittedSessionGuards {
  throwIfAborted(signal);
  return {
    address: admitSessionAddress(address, limits),
    signal,
    incarnation: admitOptionalId(incarnation, "incarnation", limits),
    fence: admitOptionalInteger(fence, "fence", 0),
    expectedVersion: admitOptionalInteger(expectedVersion, "expectedVersion", 0),
  };
}

export interface AdmittedDeleteSession extends AdmittedSessionGuards {
  readonly expectedToken: string | undefined;
}

export function admitDeleteSession(
  address: SessionAddress,
  given: DeleteSessionOptions | undefined,
  limits: Limits,
): AdmittedDeleteSession {
  const { expectedToken, ...guards } = admitOptions(given, deleteSessionFields);
  return {
    ...sessionGuardsOf(address, guards, limits),
    expectedToken: admitOptionalId(expectedToken, "expectedToken", limits),
  };
}
