import {
  type CallOptions,
  fingerprint,
  isConflict,
  type JsonValue,
  type Lease,
  type SessionHead,
} from "@relevo/core";
import {
  admitChoice,
  admitId,
  admitInteger,
  admitRequest,
  conflict,
  rangesOf,
  refuse,
} from "@relevo/core/input";
import { readEvents } from "../session/read-events.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import type { TurnOptions } from "../session/session-options.ts";
import { signalOf } from "../signal.ts";
import { acquireLease, admitLeaseTtl, keepLease } from "./lease.ts";
import { type Recorded, type Recording, readRecorded } from "./recorded-result.ts";
import { activeTurn, TurnNode } from "./turn-node.ts";
import { isOfRun, retractTurn, TurnRun, type TurnStart, turnIsOver } from "./turn-run.ts";

/** A turn that has begun in this process; one with a recorded result is over already. */
export interface BegunTurn {
  readonly node: TurnNode;
  readonly signal: AbortSignal;
  readonly recorded: Recorded | undefined;
  /** Records the result and appends what was kept for the end. */
  finish<Result>(result: Result): Promise<Result>;
  /** Lets the next turn in. Never throws. */
  close(): Promise<void>;
}

const defaultWaitMs = 60_000;
const defaultResultBytes = 256 * 1024;

interface TurnRequest extends CallOptions {
  readonly id: string;
  readonly recording: Recording | undefined;
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly takeOver: boolean;
}

/** @throws `invalid-input` that names the option. */
function admitTurn(handle: SessionHandle, options: TurnOptions): TurnRequest {
  const { limits, ids } = handle.runtime;
  const whenBusy = admitChoice(options.whenBusy, "whenBusy", ["wait", "refuse", "take-over"], "wait");
  const waitMs = admitInteger(options.waitMs ?? defaultWaitMs, "waitMs", 0, 2 ** 31 - 1);
  const bytes = admitInteger(options.maxResultBytes ?? defaultResultBytes, "maxResultBytes", 1);
  const { operationId, request } = options;
  if (operationId === undefined && request !== undefined)
    throw refuse("request", "needs an operationId: it is what the same id may be used for again.");
  const id = operationId === undefined ? ids.next() : admitId(operationId, "operationId", limits);
  return {
    id,
    recording:
      operationId === undefined ? undefined : recordingOf(id, admitRequest({ request }, limits).value, bytes),
    ttlMs: admitLeaseTtl(options.ttlMs),
    waitMs: whenBusy === "wait" ? waitMs : 0,
    takeOver: whenBusy === "take-over",
    signal: options.signal,
  };
}

/** Hashed, because a prefix could make an id too long. */
function recordingOf(id: string, request: JsonValue, maxResultBytes: number): Recording {
  const hash = fingerprint(id);
  return {
    fingerprint: fingerprint(request),
    start: `relevo:turn-start:${hash}`,
    end: `relevo:turn-end:${hash}`,
    maxResultBytes,
  };
}

/**
 * Begins a turn, or a part of `around` or of the turn that this asynchronous flow is in; or finds its recorded result.
 */
export async function openTurn(
  handle: SessionHandle,
  options: TurnOptions,
  around: TurnNode | undefined,
): Promise<BegunTurn> {
  const request = admitTurn(handle, options);
  // A turn that is over has no parts; its session can begin another one.
  const outer = around?.isOver === false ? around : activeTurn(handle);
  const opened = await (outer === undefined ? openOuter(handle, request) : openInner(handle, outer, request));
  return "node" in opened ? opened : overTurn(handle, request, opened);
}

/** A turn that ended before. Nothing can be written in it. */
function overTurn(handle: SessionHandle, { id, signal }: TurnRequest, recorded: Recorded): BegunTurn {
  const none = new AbortController().signal;
  const lease = { fence: 0, signal: none, requireHeld: () => Promise.reject(turnIsOver()) };
  const run = new TurnRun(handle, lease, { id });
  run.end();
  return {
    node: new TurnNode(run),
    signal: signal ?? none,
    recorded,
    finish: async (result) => result,
    close: async () => undefined,
  };
}

async function openOuter(handle: SessionHandle, request: TurnRequest): Promise<BegunTurn | Recorded> {
  const { id, recording, ttlMs } = request;
  const lease = await acquire(handle, request);
  if (!("fence" in lease)) return lease;
  const held = keepLease(handle, lease, ttlMs, request);
  try {
    const start = recording && (await startRecording(handle, held.fence, id, recording, request));
    if (start !== undefined && "result" in start) {
      await held.release();
      return start;
    }
    const run = new TurnRun(handle, held, { id, ...(recording && start && { recording, start }) });
    return {
      node: new TurnNode(run),
      signal: held.signal,
      recorded: undefined,
      finish: (result) => run.finish(result, signalOf(request)),
      async close() {
        run.end();
        await held.release();
      },
    };
  } catch (error) {
    await held.release();
    throw error;
  }
}

async function openInner(
  handle: SessionHandle,
  outer: TurnNode,
  request: TurnRequest,
): Promise<BegunTurn | Recorded> {
  const { id, recording } = request;
  const leave = await outer.enter(request);
  try {
    const { lease } = outer.run;
    const { signal } = lease;
    const known = recording && sameTurn(handle, outer, id);
    if (known !== undefined && known.recording?.fingerprint !== recording?.fingerprint)
      throw conflict("operation", { operation: id });
    const own = known === undefined ? recording : undefined;
    const start = own && (await startRecording(handle, lease.fence, id, own, request));
    if (start !== undefined && "result" in start) {
      leave();
      return start;
    }
    const run =
      own === undefined || start === undefined
        ? outer.run
        : new TurnRun(handle, lease, { id, recording: own, start, outer: outer.run });
    const node = new TurnNode(run);
    return {
      node,
      signal,
      recorded: undefined,
      // The result of a part without an id is part of the whole turn's.
      finish: async (result) => (run === outer.run ? result : run.finish(result, signalOf(request))),
      async close() {
        node.end();
        if (run !== outer.run) run.end();
        leave();
      },
    };
  } catch (error) {
    leave();
    throw error;
  }
}

/** The turn with this id around this flow, which cannot wait for itself. */
function sameTurn(handle: SessionHandle, inner: TurnNode, id: string): TurnRun | undefined {
  for (let node: TurnNode | undefined = inner; node !== undefined; node = node.outer)
    if (node.run.id === id && node.run.recording !== undefined && node.run.isOf(handle)) return node.run;
  return undefined;
}

/** The lease, or the recorded result: a turn that is over is answered also while another one runs. */
async function acquire(handle: SessionHandle, request: TurnRequest): Promise<Lease | Recorded> {
  const { recording, waitMs, takeOver, ttlMs, signal } = request;
  if (recording === undefined) return acquireLease(handle, { ttlMs, waitMs, takeOver, signal });
  try {
    return await acquireLease(handle, { ttlMs, waitMs: 0, takeOver, signal });
  } catch (error) {
    if (!isConflict(error, "lease")) throw error;
    const recorded = await readRecorded(handle, request.id, recording, request);
    if (recorded !== undefined) return recorded;
    if (waitMs === 0) throw error;
    return acquireLease(handle, { ttlMs, waitMs, signal });
  }
}

/**
 * Notes in the log that the turn begins, which finds out whether it has begun before: then it has ended, or what it
 * has left is retracted. Costs one write and one read at once. Also refuses a session that is sealed or has ended, before
 * any work is done.
 *
 * @throws `conflict` with `details.conflict` = `operation` | `sealed` | `fence`; `history-lost`.
 */
async function startRecording(
  handle: SessionHandle,
  fence: number,
  id: string,
  recording: Recording,
  options: CallOptions,
): Promise<TurnStart | Recorded> {
  const signal = signalOf(options);
  const operation = { id: recording.start, fingerprint: recording.fingerprint };
  const [begun, head] = await Promise.all([
    handle.append([], { operation, fence, ttlMs: handle.ttlMs, ...signal }).catch((error) => {
      throw isConflict(error, "operation") ? conflict("operation", { operation: id }) : error;
    }),
    handle.head(signal),
  ]);
  if (!begun.replayed) return startOf(begun.version, head, begun.recordedAt);
  const recorded = await readRecorded(handle, id, recording, options);
  if (recorded !== undefined) return recorded;
  const { events } = await readEvents(
    handle,
    { after: begun.firstSeq - 1, types: ["message", "summary"], ...signal },
    (event) => isOfRun(event, id),
  );
  await retractTurn(handle, fence, id, rangesOf(events.map(({ seq }) => seq)), options);
  const now = await handle.head(signal);
  return startOf(now?.version ?? begun.version, now, undefined);
}

function startOf(version: number, head: SessionHead | undefined, at: number | undefined): TurnStart {
  return { version, removalRevision: head?.removalRevision ?? 0, firstSeq: head?.firstSeq ?? 1, at };
}
