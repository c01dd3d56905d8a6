import {
  type CallOptions,
  defaultLimits,
  type EventLog,
  type HandoffContext,
  type HandoffMode,
  type HandoffPriority,
  type HandoffRecord,
  type HandoffStatus,
  isEvent,
  type JsonValue,
  type ReadOptions,
  type ReadResult,
  readPages,
  type SessionReference,
} from "@relevo/core";
import { admitCall, admitSession } from "@relevo/core/input";
import { resultType } from "../record/running-handoff.ts";

/** The status of the end, or `running` while there is none. */
export type HandoffState = "running" | Exclude<HandoffStatus, "started">;

/** One handoff: its start and its end combined. */
export interface HandoffEntry {
  readonly handoffId: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly priority: HandoffPriority;
  readonly mode?: HandoffMode;
  readonly depth: number;
  readonly parentId?: string;
  /** Also `running` when the process died before the end, until it is marked as `abandoned`. */
  readonly status: HandoffState;
  readonly data?: JsonValue;
  readonly context?: HandoffContext;
  readonly outcome?: JsonValue;
  readonly error?: NonNullable<HandoffRecord["error"]>;
  /** The handoff inside this one whose entry says the message of the error. */
  readonly causedBy?: string;
  readonly liveness?: NonNullable<HandoffRecord["liveness"]>;
  readonly omitted?: NonNullable<HandoffRecord["omitted"]>;
  readonly trace?: NonNullable<HandoffRecord["trace"]>;
  readonly durationMs?: number;
  /** Absent when the start was trimmed or erased, or never recorded. */
  readonly startSeq?: number;
  readonly endSeq?: number;
  /** Wall times in milliseconds since the epoch, by the clock of the process that recorded them. */
  readonly startedAt?: number;
  readonly endedAt?: number;
}

/** The handoffs of a session as of one version. */
export interface HandoffChain {
  readonly session: string;
  readonly version: number;
  /** In the order they appear in the log. */
  readonly entries: readonly HandoffEntry[];
  /** The `seq` of erased events of handoffs: starts, ends and results. */
  readonly erased: readonly number[];
}

/**
 * Reads a session's handoffs. Pages through its handoff events, all as of one version.
 *
 * @throws `history-lost` when the incarnation that `session` names is gone.
 */
export async function readChain(
  log: EventLog,
  session: SessionReference,
  given?: CallOptions,
): Promise<HandoffChain> {
  const options = admitCall(given);
  const { address, reading, noteSeen } = admitSession(session, "session", defaultLimits);
  const query = { ...options, types: ["handoff", resultType], limit: 1000 } as const;
  const entries = new Map<string, HandoffEntry>();
  const erased: number[] = [];
  let version = 0;
  const read = (options: ReadOptions): Promise<ReadResult> => reading(() => log.read(address, options));
  for await (const page of readPages(read, query)) {
    noteSeen(page.events);
    // Of the first page: later pages also count events that were appended in between.
    version ||= page.version;
    for (const event of page.events) {
      if (isEvent(event, resultType)) {
        addWords(entries, event.body);
        continue;
      }
      if (!isEvent(event, "handoff")) {
        erased.push(event.seq);
        continue;
      }
      const { handoffId } = event.body;
      const time = event.at ?? event.recordedAt;
      entries.set(handoffId, join(entries.get(handoffId), event.body, event.seq, time));
    }
  }
  return { session: address.session, version, entries: [...entries.values()], erased };
}

/** Adds the content of a result event to the entry of its handoff. */
function addWords(entries: Map<string, HandoffEntry>, body: JsonValue): void {
  if (typeof body !== "object" || body === null) return;
  const { handoffId, outcome, message } = body as { readonly [name: string]: JsonValue | undefined };
  const entry = entries.get(String(handoffId));
  if (entry?.endSeq === undefined || entry.outcome !== undefined) return;
  const { error } = entry;
  entries.set(entry.handoffId, {
    ...entry,
    ...(outcome === undefined ? {} : { outcome }),
    ...(error === undefined || typeof message !== "string" ? {} : { error: { ...error, message } }),
  });
}

function join(
  known: HandoffEntry | undefined,
  record: HandoffRecord,
  seq: number,
  time: number,
): HandoffEntry {
  const { status, ...facts } = record;
  if (status === "started") {
    return known ?? { ...facts, status: "running", startSeq: seq, startedAt: time };
  }
  // The first ending counts.
  if (known !== undefined && known.status !== "running") return known;
  const { context, ...rest } = facts;
  return {
    ...known,
    ...rest,
    // The start's context has the inline messages, the end repeats only the places.
    ...(known?.context === undefined
      ? context === undefined
        ? {}
        : { context }
      : { context: known.context }),
    status,
    endSeq: seq,
    endedAt: time,
  };
}
