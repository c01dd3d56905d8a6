import {
  type AppendOptions,
  type AppendResult,
  type EventInput,
  isConflict,
  MemoryError,
  type Message,
  type SeqRange,
} from "@relevo/core";
import { admitInteger, maxPageSize, rangesOf, retry } from "@relevo/core/input";
import { operationOf } from "./append-events.ts";
import { hasMessage, messagesOf, readEvents } from "./read-events.ts";
import type { RetractOptions } from "./session.ts";
import type { SessionHandle } from "./session-handle.ts";
import { signalOf } from "./signal.ts";
import type { TurnRun } from "./turn-run.ts";

const attempts = 20;
const delayMs = 5;

/** Retracts the last effective messages by compare-and-set and returns them, oldest first. */
export async function undoMessages(
  handle: SessionHandle,
  count: number,
  options: RetractOptions,
  turn: TurnRun | undefined,
): Promise<readonly Message[]> {
  admitInteger(count, "count", 1, maxPageSize);
  return await retry(() => undoOnce(handle, count, options, turn), {
    name: "undo",
    attempts,
    delayMs,
    random: handle.runtime.random,
    signal: options.signal,
    when: (error) => isConflict(error, "version"),
    exhausted: alwaysChanged,
  });
}

async function undoOnce(
  handle: SessionHandle,
  count: number,
  options: RetractOptions,
  turn: TurnRun | undefined,
): Promise<readonly Message[]> {
  const { version, events } = await readEvents(
    handle,
    { types: ["message"], direction: "backward", limit: count, ...signalOf(options) },
    hasMessage,
  );
  // A known operation is replayed whatever the log holds now, so only a call without an operation may stop here.
  if (events.length === 0 && options.operationId === undefined) return [];
  const ranges = rangesOf(events.map((event) => event.seq));
  const request = { undo: count, reason: options.reason };
  const result = await retract(handle, ranges, request, { ...options, expectedVersion: version }, turn);
  if (result.replayed) return await replayedMessages(handle, result.firstSeq, options);
  return messagesOf(events).toReversed();
}

function alwaysChanged(cause: unknown): MemoryError {
  const details = { ...(MemoryError.isInstance(cause) ? cause.details : {}), attempts };
  const message = `Others wrote to the session during all ${attempts} tries.`;
  return new MemoryError("conflict", message, { retryable: true, details, cause });
}

/** Retracts everything that is in the log now. */
export async function clearMessages(
  handle: SessionHandle,
  options: RetractOptions,
  turn: TurnRun | undefined,
): Promise<void> {
  const { version } = await handle.read({ limit: 1, ...signalOf(options) });
  const ranges = version === 0 ? [] : [{ from: 1, to: version }];
  if (ranges.length === 0 && options.operationId === undefined) return;
  await retract(handle, ranges, { clear: true, reason: options.reason }, options, turn);
}

async function retract(
  handle: SessionHandle,
  ranges: readonly SeqRange[],
  request: object,
  options: RetractOptions & { readonly expectedVersion?: number },
  turn: TurnRun | undefined,
): Promise<AppendResult> {
  const reason = options.reason ?? ("undo" in request ? "undo" : "clear");
  const at = handle.runtime.clock.now();
  const append: AppendOptions = {
    ...operationOf(handle.runtime, options.operationId, request),
    ...(options.expectedVersion === undefined ? {} : { expectedVersion: options.expectedVersion }),
    ...(options.fence === undefined ? {} : { fence: options.fence }),
    ...signalOf(options),
  };
  // The operation is recorded even with nothing to retract, so that its retry does nothing either.
  const events: EventInput[] =
    ranges.length === 0 ? [] : [{ type: "retraction", body: { ranges, reason }, at }];
  const result = await handle.remove(() => handle.append(turn?.mark(events) ?? events, append));
  if (events.length > 0) await turn?.noteRetracted(result.firstSeq, options);
  return result;
}

/** What the first call of the same operation retracted, according to its record in the log. */
async function replayedMessages(
  handle: SessionHandle,
  seq: number,
  options: RetractOptions,
): Promise<readonly Message[]> {
  const signal = signalOf(options);
  const { events } = await handle.read({ after: seq - 1, limit: 1, types: ["retraction"], ...signal });
  const retraction = events[0];
  if (retraction?.seq !== seq || retraction.type !== "retraction" || retraction.body === undefined) return [];
  const { ranges } = retraction.body;
  const first = ranges[0]?.from ?? seq;
  const { events: retracted } = await readEvents(
    handle,
    { after: first - 1, before: seq, types: ["message"], retracted: "only", ...signal },
    (event) => event.retractedBy === seq,
  );
  return messagesOf(retracted);
}
