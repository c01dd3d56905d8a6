import { type CallOptions, isEvent, type JsonValue, MemoryError } from "@relevo/core";
import { conflict, historyLost } from "@relevo/core/input";
import type { SessionHandle } from "../session/session-handle.ts";
import { signalOf } from "../signal.ts";

/** The event that holds the result of a turn. */
export const resultType = "x-relevo-turn";

/** How the result of a turn is recorded and found again. */
export interface Recording {
  /** Of the caller's request: the same id with another one is a conflict. */
  readonly fingerprint: string;
  /** The operation that marks where the turn began for the first time. */
  readonly start: string;
  /** The operation of the append that ended the turn. */
  readonly end: string;
  readonly maxResultBytes: number;
}

/** The result that an earlier run of the turn has left. */
export interface Recorded {
  readonly result: JsonValue | undefined;
}

/** @throws `conflict` when the id was used for another request; `not-found` when the result was removed. */
export async function readRecorded(
  handle: SessionHandle,
  id: string,
  recording: Recording,
  options: CallOptions,
): Promise<Recorded | undefined> {
  const signal = signalOf(options);
  const known = await handle.store.log.operation(handle.address, recording.end, signal);
  if (known === undefined) return undefined;
  if (known.fingerprint !== recording.fingerprint) throw conflict("operation", { operation: id });
  const { version, incarnation } = known.result;
  if (handle.incarnation !== undefined && handle.incarnation !== incarnation) throw historyLost("ended");
  const { events } = await handle.read({ after: version - 1, limit: 1, retracted: "include", ...signal });
  const event = events[0];
  if (event === undefined || event.seq !== version || !isEvent(event, resultType))
    throw new MemoryError(
      "not-found",
      "The turn has ended, but its recorded result was erased or trimmed. Use another operationId to run it again.",
      { details: { operation: id } },
    );
  return { result: (event.body as { readonly result?: JsonValue }).result };
}
