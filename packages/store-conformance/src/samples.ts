import {
  type AppendResult,
  type EventInput,
  type EventLog,
  fingerprint,
  type Operation,
  type ReadOptions,
  type ReadResult,
  readAll,
  type SeqRange,
  type SessionAddress,
  type StoredEvent,
} from "@relevo/core";
import { equal } from "./expect.ts";
import type { CaseContext } from "./harness.ts";

type MessageInput = Extract<EventInput, { readonly type: "message" }>;

/** The address of a session of the case's own tenant. */
export function addressOf(context: CaseContext, session = "session"): SessionAddress {
  return { tenant: context.tenant, session };
}

/** A user's message with this text. */
export function says(text: string, fields: Omit<MessageInput, "type" | "body"> = {}): MessageInput {
  return { type: "message", body: { role: "user", content: text }, ...fields };
}

export function systemSays(text: string): MessageInput {
  return { type: "message", body: { role: "system", content: text } };
}

/** `count` messages, `text 1`, `text 2` and so on. */
export function messages(count: number, text = "message"): readonly MessageInput[] {
  return Array.from({ length: count }, (_, index) => says(`${text} ${index + 1}`));
}

/** A summary of these events. */
export function summarizes(text: string, ...derivedFrom: readonly SeqRange[]): EventInput {
  return {
    type: "summary",
    body: { text, sourceHash: "hash", strategy: "test", tokensBefore: 10, tokensAfter: 2 },
    derivedFrom,
  };
}

/** A handoff that quotes these events. */
export function handsOff(reason: string, ...derivedFrom: readonly SeqRange[]): EventInput {
  return {
    type: "handoff",
    body: { handoffId: "h-1", status: "started", from: "a", to: "b", reason, priority: "normal", depth: 0 },
    derivedFrom,
  };
}

export function executes(executionId: string, ...derivedFrom: readonly SeqRange[]): EventInput {
  return { type: "execution", body: { executionId, status: "completed" }, derivedFrom };
}

export function retracts(...ranges: readonly SeqRange[]): EventInput {
  return { type: "retraction", body: { ranges, reason: "undo" } };
}

/** The inclusive range; of one event when `to` is left out. */
export function range(from: number, to: number = from): SeqRange {
  return { from, to };
}

/** An operation with this id whose request is `request`. */
export function operationOf(id: string, request: unknown = id): Operation {
  return { id, fingerprint: fingerprint(request) };
}

/**
 * The events that a reading selects, at most `limit`. Follows `next`, because a store may bound the work of one
 * call and return fewer than were asked for.
 */
export async function eventsOf(
  log: EventLog,
  address: SessionAddress,
  options: ReadOptions = {},
): Promise<readonly StoredEvent[]> {
  const { limit = Number.POSITIVE_INFINITY, ...selection } = options;
  const events: StoredEvent[] = [];
  for await (const page of readAll(log, address, { ...selection, limit: Math.min(limit, 1000) })) {
    events.push(...page);
    if (events.length >= limit) return events.slice(0, limit);
  }
  return events;
}

/** The seqs that a reading selects. */
export async function seqsOf(
  log: EventLog,
  address: SessionAddress,
  options: ReadOptions = {},
): Promise<readonly number[]> {
  return (await eventsOf(log, address, options)).map(({ seq }) => seq);
}

/** The text of a message event; the type and a mark for what is not a message or has no body any more. */
export function textIn(event: StoredEvent): string {
  if (event.erasedAt !== undefined) return `(erased ${event.type})`;
  if (event.type === "message" && typeof event.body === "object" && "content" in event.body) {
    return typeof event.body.content === "string" ? event.body.content : "(parts)";
  }
  return `(${event.type})`;
}

/** Fails unless the append replayed the first one. What others wrote since shows in the tokens alone. */
export function isReplay(retry: AppendResult, first: AppendResult, what: string): void {
  const { token, previousToken, ...recorded } = retry;
  const { token: _, previousToken: __, recordedAt: ___, events: ____, ...result } = first;
  equal(recorded, { ...result, replayed: true }, what);
  equal(previousToken, token, `${what}: the token that was found, which is the present one`);
}

/** What a read of a session that does not exist answers. */
export const nothingRead: ReadResult = { version: 0, revision: 0, removalRevision: 0, events: [] };

/** The texts that a reading selects. */
export async function textsOf(
  log: EventLog,
  address: SessionAddress,
  options: ReadOptions = {},
): Promise<readonly string[]> {
  return (await eventsOf(log, address, options)).map(textIn);
}

/** Everything that a session shows of itself, to compare before and after a call that must change nothing. */
export async function stateOf(log: EventLog, address: SessionAddress): Promise<unknown> {
  return {
    head: await log.head(address),
    events: await eventsOf(log, address, { retracted: "include" }),
  };
}

/** 1 … count. */
export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Lets the idle lifetime of the session pass. */
export async function letExpire(context: CaseContext, address: SessionAddress): Promise<void> {
  await context.store.log.touch(address, { ttlMs: 1 });
  await context.advance(50);
}

/** Trims until nothing is left to trim: a store may bound the work of one call. Returns what went and `firstSeq`. */
export async function trimAll(
  log: EventLog,
  address: SessionAddress,
  bound: { readonly beforeSeq: number } | { readonly olderThan: number },
): Promise<{ readonly removed: number; readonly firstSeq: number }> {
  let removed = 0;
  for (;;) {
    const result = await log.trim(address, bound);
    removed += result.removed;
    if (!result.more) return { removed, firstSeq: result.firstSeq };
  }
}
