import {
  type AppendResult,
  type EventInput,
  fingerprint,
  type JsonObject,
  type Limits,
  type Message,
  type Operation,
  type TokenCounter,
} from "@relevo/core";
import {
  admitEvents,
  admitOptionalId,
  admitRequest,
  readArray,
  readInput,
  refuse,
  requireObject,
} from "@relevo/core/input";
import { refuseReserved } from "../entries/entry.ts";
import type { Runtime } from "../runtime.ts";
import type { TurnRun } from "../turns/turn-run.ts";
import type { SessionHandle } from "./session-handle.ts";
import { withoutPlace } from "./session-message.ts";
import type { AppendInput, SessionAppendOptions } from "./session-options.ts";

/** Messages and events in the form that the log takes, with ids and times where the caller gave none. */
export function eventsOf(
  runtime: Runtime,
  inputs: readonly AppendInput[],
  agent: string | undefined,
): readonly EventInput[] {
  const now = runtime.clock.now();
  const events = inputs.map((input, index): EventInput => {
    requireObject(input, `events[${index}]`);
    return readInput(`events[${index}]`, () => complete(input, index));
  });
  function complete(input: AppendInput, index: number): EventInput {
    const event: EventInput = isEventInput(input) ? input : { type: "message", body: input };
    if (isObject(event.metadata)) refuseReserved(event.metadata as object, `events[${index}].metadata`);
    if (event.type !== "message") return { ...branch(event.agent ?? agent), at: now, ...event };
    // The store refuses it and says why.
    if (!isObject(event.body)) return event;
    const body = completeMessage(runtime, event.body, agent, event.at ?? now);
    const completed = { ...event, at: event.at ?? body.at ?? now, body };
    const speaker = event.agent ?? event.body.agent ?? agent;
    return speaker === undefined ? completed : { ...completed, agent: speaker };
  }
  const { counter } = runtime;
  // A counter gets only valid messages: anything else is refused before it is counted.
  if (runtime.checksValues || counter !== undefined) admitEvents(events, runtime.limits);
  return counter === undefined ? events : events.map((event) => countedBy(counter, runtime, event));
}

/**
 * The event with its token count, unless the caller gave one. When the counter fails, the message is still appended.
 */
function countedBy(counter: TokenCounter, runtime: Runtime, event: EventInput): EventInput {
  if (event.type !== "message" || event.tokens?.[counter.name] !== undefined) return event;
  try {
    const count = counter.countMessage(event.body);
    if (!Number.isSafeInteger(count) || count < 0)
      throw refuse("counter", `${counter.name} counted ${count}; it must be a whole number from 0.`);
    return { ...event, tokens: { ...event.tokens, [counter.name]: count } };
  } catch (error) {
    runtime.onError(error);
    return event;
  }
}

/**
 * What makes a retry safe. The fingerprint covers the request as the caller made it, without generated ids and times,
 * which differ in a retry. Fence and expected version are left out because a retry may carry newer ones.
 */
export function operationOf(
  runtime: Runtime,
  id: string | undefined,
  request: unknown,
): { readonly operation?: Operation } {
  if (id === undefined) return {};
  // Checked before it is hashed: a cyclic or very deep value is refused here and does not exhaust the stack.
  const { value } = admitRequest(request, runtime.limits);
  return { operation: { id, fingerprint: fingerprint(value) } };
}

/**
 * What is to be appended, with its operation. With an operation id the input is copied before it is hashed: a message
 * whose getters answer differently each time must not be stored with content that its fingerprint does not cover.
 */
export function admitInputs(
  runtime: Runtime,
  id: string | undefined,
  inputs: readonly AppendInput[],
  agent: string | undefined,
): { readonly inputs: readonly AppendInput[]; readonly operation: { readonly operation?: Operation } } {
  if (id === undefined) return { inputs, operation: {} };
  const { value } = admitRequest({ append: inputs, agent }, runtime.limits);
  // Whether these are messages and events is checked later, as for inputs that were not copied.
  const copy: unknown = (value as JsonObject).append;
  return {
    inputs: copy as readonly AppendInput[],
    operation: { operation: { id, fingerprint: fingerprint(value) } },
  };
}

/** A copy of the array, or of the one input. */
export function asList(input: AppendInput | readonly AppendInput[], limits: Limits): readonly AppendInput[] {
  if (typeof input !== "object" || input === null)
    throw refuse("input", "must be a message, an event, or an array of them.");
  if (!readInput("input", () => Array.isArray(input))) return [input as AppendInput];
  const inputs = readArray(
    input,
    "input",
    "an array of messages and events",
    limits.batchItems,
    "batchItems",
  );
  return inputs as readonly AppendInput[];
}

function isEventInput(input: AppendInput): input is EventInput {
  return "type" in input || "body" in input;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function completeMessage(runtime: Runtime, message: Message, agent: string | undefined, at: number): Message {
  // Each spread of a second object takes as long as all the rest.
  const completed = { ...withoutPlace(message), id: message.id ?? runtime.ids.next(), at: message.at ?? at };
  const speaks = message.role === "assistant" || message.role === "tool";
  const speaker = speaks ? (message.agent ?? agent) : undefined;
  return speaker === undefined ? completed : { ...completed, agent: speaker };
}

function branch(agent: string | undefined): { readonly agent?: string } {
  return agent === undefined ? {} : { agent };
}

/** Copies of what a turn keeps for its end: the caller may change its messages before. */
export function admitAtEnd(
  runtime: Runtime,
  input: AppendInput | readonly AppendInput[],
  given: { readonly agent?: string },
): readonly EventInput[] {
  const { limits } = runtime;
  const agent = admitOptionalId(given.agent, "agent", limits);
  return admitEvents(eventsOf(runtime, asList(input, limits), agent), limits).map(({ event }) => event);
}

/** Appends to the session, in the turn that the caller is in. */
export async function appendInTurn(
  handle: SessionHandle,
  events: readonly EventInput[],
  { operation }: { readonly operation?: Operation },
  options: SessionAppendOptions,
  turn: TurnRun | undefined,
): Promise<AppendResult> {
  const { expectedVersion, removalRevision, fence, ttlMs = handle.ttlMs, signal } = options;
  const marked = turn === undefined ? events : turn.mark(events);
  // The caller may change its messages while this write waits for the first one.
  const own = handle.isOpening
    ? admitEvents(marked, handle.runtime.limits).map(({ event }) => event)
    : marked;
  const id = operation && (turn?.operationId(operation.id, own) ?? operation.id);
  const result = await handle.append(own, {
    ...(operation === undefined || id === undefined ? {} : { operation: { ...operation, id } }),
    signal,
    ...(fence === undefined ? {} : { fence }),
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
    ...(removalRevision === undefined ? {} : { removalRevision }),
    ttlMs,
  });
  turn?.noteWritten(result, own.length);
  return result;
}
