import type { AppendResult, EventInput, Operation, StoredEventOf } from "@relevo/core";
import { admitEvents, admitOptionalId } from "@relevo/core/input";
import { signalOf } from "../signal.ts";
import { type TurnRun, turnName } from "../turns/turn-run.ts";
import { asList, eventsOf, operationOf } from "./append-events.ts";
import { whileOthersWrite } from "./retract.ts";
import type { SessionHandle } from "./session-handle.ts";
import { admitPlace, messageAt, noMessage } from "./session-message.ts";
import type { AppendInput, ReplaceOptions } from "./session-options.ts";

/** Retracts everything from this message on and appends the input, in one step. */
export async function replaceMessages(
  handle: SessionHandle,
  message: string | number,
  input: AppendInput | readonly AppendInput[],
  options: ReplaceOptions,
  turn: TurnRun | undefined,
): Promise<AppendResult> {
  const { runtime } = handle;
  const { limits } = runtime;
  const place = admitPlace(runtime, message, "message");
  const agent = admitOptionalId(options.agent, "agent", limits);
  const list = asList(input, limits);
  const request = { replaceFrom: place, append: list, agent };
  const named = operationOf(runtime, options.operationId, request).operation;
  // A copy, because the message is looked for before the write, and the caller may change its own meanwhile.
  const events = admitEvents(eventsOf(runtime, list, agent), limits).map(({ event }) => event);
  const operation = named && { ...named, id: turn?.operationId(named.id, events) ?? named.id };
  const once = async (): Promise<AppendResult> => {
    const { version, event } = await messageAt(handle, place, options);
    if (event.retractedBy !== undefined && !(await isRetry(handle, event, operation, options, turn)))
      throw noMessage([String(place)]);
    const reason = options.reason ?? "replace";
    const at = handle.runtime.clock.now();
    const body = { ranges: [{ from: event.seq, to: version }], reason };
    const all: readonly EventInput[] = [{ type: "retraction", body, at }, ...events];
    return handle.remove(() =>
      handle.append(turn?.mark(all) ?? all, {
        ...(operation === undefined ? {} : { operation }),
        ...(options.fence === undefined ? {} : { fence: options.fence }),
        expectedVersion: version,
        ttlMs: handle.ttlMs,
        ...signalOf(options),
      }),
    );
  };
  const result = await whileOthersWrite(handle, once, options);
  await turn?.noteRetracted(result.firstSeq, options);
  turn?.noteWritten({ firstSeq: result.firstSeq + 1, version: result.version }, events.length);
  return result;
}

/** Whether the message was retracted by an earlier try of this call, or of the turn that it is made in. */
async function isRetry(
  handle: SessionHandle,
  { retractedBy = 0 }: StoredEventOf<"message">,
  operation: Operation | undefined,
  options: ReplaceOptions,
  turn: TurnRun | undefined,
): Promise<boolean> {
  const signal = signalOf(options);
  if (operation !== undefined) {
    const known = await handle.store.log.operation(handle.address, operation.id, signal);
    if (known !== undefined) return true;
  }
  if (turn?.recording === undefined) return false;
  const { events } = await handle.read({
    after: retractedBy - 1,
    limit: 1,
    types: ["retraction"],
    ...signal,
  });
  return events[0]?.seq === retractedBy && events[0].metadata?.[turnName] === turn.id;
}
