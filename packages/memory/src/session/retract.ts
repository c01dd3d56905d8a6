import {
  type AppendOptions,
  type AppendResult,
  type CallOptions,
  type EventInput,
  isConflict,
  MemoryError,
  type SeqRange,
} from "@relevo/core";
import { admitInteger, maxPageSize, normalizeRanges, rangesOf, refuse, retry } from "@relevo/core/input";
import { signalOf } from "../signal.ts";
import type { TurnRun } from "../turns/turn-run.ts";
import { operationOf } from "./append-events.ts";
import { type EventsAt, hasMessage, readEvents } from "./read-events.ts";
import type { SessionHandle } from "./session-handle.ts";
import { messagesById, sessionMessages } from "./session-message.ts";
import type { RetractOptions, SessionMessage } from "./session-options.ts";

type FoundMessages = Pick<EventsAt, "version" | "events">;

const attempts = 20;
const delayMs = 5;

/** Retracts the last effective messages by compare-and-set and returns them, oldest first. */
export async function undoMessages(
  handle: SessionHandle,
  count: number,
  options: RetractOptions,
  turn: TurnRun | undefined,
): Promise<readonly SessionMessage[]> {
  admitInteger(count, "count", 1, maxPageSize);
  const last = (): Promise<FoundMessages> =>
    readEvents(
      handle,
      { types: ["message"], direction: "backward", limit: count, ...signalOf(options) },
      hasMessage,
    );
  return retractMessages(handle, last, { undo: count }, options, turn);
}

/** Retracts the messages with these ids or in these ranges, and returns those that were effective, oldest first. */
export async function retractNamed(
  handle: SessionHandle,
  named: { readonly ids: readonly string[] } | { readonly seqs: readonly SeqRange[] },
  options: RetractOptions,
  turn: TurnRun | undefined,
): Promise<readonly SessionMessage[]> {
  const select = async (): Promise<FoundMessages> => {
    if ("seqs" in named) return messagesInRanges(handle, named.seqs, options);
    const { version, events } = await messagesById(handle, named.ids, options);
    return { version, events: events.filter(({ retractedBy }) => retractedBy === undefined) };
  };
  return retractMessages(handle, select, { retract: named }, options, turn);
}

async function messagesInRanges(
  handle: SessionHandle,
  seqs: readonly SeqRange[],
  options: CallOptions,
): Promise<FoundMessages> {
  const ranges = normalizeRanges(seqs);
  const last = ranges.at(-1)?.to ?? 0;
  // Descending, as the events are.
  let at = ranges.length - 1;
  const found = await readEvents(
    handle,
    {
      types: ["message"],
      direction: "backward",
      before: last + 1,
      after: (ranges[0]?.from ?? 1) - 1,
      ...signalOf(options),
    },
    (event) => {
      while (at > 0 && event.seq < (ranges[at]?.from ?? 0)) at--;
      return hasMessage(event) && event.seq >= (ranges[at]?.from ?? 0) && event.seq <= (ranges[at]?.to ?? 0);
    },
  );
  if (last > found.version)
    throw refuse("seqs", `names seq ${last}, but the log ends at ${found.version}.`, {
      version: found.version,
    });
  return found;
}

/** Retracts what is selected, newest first, in the version that it was selected from. */
async function retractMessages(
  handle: SessionHandle,
  select: () => Promise<FoundMessages>,
  request: { readonly undo: number } | { readonly retract: object },
  options: RetractOptions,
  turn: TurnRun | undefined,
): Promise<readonly SessionMessage[]> {
  const once = async (): Promise<readonly SessionMessage[]> => {
    const { version, events } = await select();
    // A known operation is replayed whatever the log holds now, so only a call without an operation may stop here.
    if (events.length === 0 && options.operationId === undefined) return [];
    const ranges = rangesOf(events.map((event) => event.seq));
    const result = await retract(
      handle,
      ranges,
      { ...request, reason: options.reason },
      { ...options, expectedVersion: version },
      turn,
    );
    if (result.replayed) return await replayedMessages(handle, result.firstSeq, options);
    return sessionMessages(events).toReversed();
  };
  return await whileOthersWrite(handle, once, options);
}

/** Tries again while other writers come first. */
export function whileOthersWrite<Result>(
  handle: SessionHandle,
  work: () => Promise<Result>,
  options: CallOptions,
): Promise<Result> {
  return retry(work, {
    name: "retraction",
    attempts,
    delayMs,
    random: handle.runtime.random,
    signal: options.signal,
    when: (error) => isConflict(error, "version"),
    exhausted: alwaysChanged,
  });
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
  const reason = options.reason ?? Object.keys(request)[0] ?? "retract";
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
): Promise<readonly SessionMessage[]> {
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
  return sessionMessages(retracted);
}
