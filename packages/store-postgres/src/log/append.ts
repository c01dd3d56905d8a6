import type { AppendResult, EventInput, SeqRange, Tombstone } from "@relevo/core";
import type { AdmittedEvent } from "@relevo/core/input";
import { type AdmittedAppend, type Answer, retractionsOf } from "@relevo/core/store";
import { callFunction, unknownStatus } from "../call-function.ts";
import type { StoreContext } from "../context.ts";
import { contentSeparator } from "../schema/bounds.ts";

const separator = String.fromCharCode(contentSeparator);

/** One call of the schema's `append`: one round trip, and one transaction of its own. */
export async function append(context: StoreContext, request: AdmittedAppend): Promise<Answer<AppendResult>> {
  const { address, operation, events } = request;
  const [first] = events;
  const isOne = first !== undefined && events.length === 1 && first.event.type !== "retraction";
  const [row] = await callFunction<{ readonly answer: string }>(context, address, {
    name: isOne ? "append_one" : "append",
    given: isOne
      ? argumentsOfOne(context, request, first)
      : { ...sharedArguments(context, request), ...argumentsOfMany(events) },
    // With an operation a repetition replays what the first call did; without one it would append twice.
    effect: operation === undefined ? "once" : "repeatable",
    signal: request.signal,
  });
  return answerOf(row?.answer ?? "");
}

/** The arguments that do not depend on the events. */
function sharedArguments({ ids }: StoreContext, request: AdmittedAppend): { [name: string]: unknown } {
  const { incarnation, fence, expectedVersion, subject, metadata, ttlMs, token, operation } = request;
  return {
    incarnation,
    fence,
    expected: expectedVersion,
    candidate: ids.next(),
    subject,
    metadata: JSON.stringify(metadata),
    ttl_change: ttlMs !== undefined,
    ttl_ms: ttlMs,
    token,
    operation: operation?.id,
    fingerprint: operation?.fingerprint,
    count: request.events.length,
    // Only where something is derived is there anything to be checked.
    removal: request.derivedFrom === undefined ? undefined : request.removalRevision,
  };
}

/** Stands for the previous token of a session that the append has created. */
const noToken = "-";

/** The answer is `appended|first seq|version|revision|token|previous token|recorded at|incarnation`, or what was refused with its present value. */
function answerOf(answer: string): Answer<AppendResult> {
  const [status, first, version, revision, token = "", previousToken = "", recordedAt, ...incarnation] =
    answer.split("|");
  switch (status) {
    case "appended":
    case "replayed":
      return {
        ok: {
          firstSeq: Number(first),
          version: Number(version),
          incarnation: incarnation.join("|"),
          revision: Number(revision),
          token,
          ...(previousToken === noToken ? {} : { previousToken }),
          ...(status === "replayed" ? {} : { recordedAt: Number(recordedAt) }),
          replayed: status === "replayed",
        },
      };
    case "ended":
    case "operation":
    case "sealed":
      return { refused: status };
    case "fence":
    case "version":
    case "removal":
    case "retraction":
      return { refused: status, current: Number(first) };
    default:
      throw unknownStatus(status);
  }
}

/** One object that grows: a spread for each append takes several times as long. */
function argumentsOfOne(
  context: StoreContext,
  request: AdmittedAppend,
  one: AdmittedEvent,
): Readonly<Record<string, unknown>> {
  const given = sharedArguments(context, request);
  const [type, agent, role, status, duration, at, pinned, bytes, derived, content] = eventColumns(one);
  given.bytes = bytes;
  given.retract_to = 0;
  given.type = type;
  given.agent = agent;
  given.role = role;
  given.status = status;
  given.duration = duration;
  given.at = at;
  given.pinned = pinned;
  given.derived = derived;
  given.content = content;
  return given;
}

/** The events by column, as `append` unnests them, with what it needs to know of all of them together. */
function argumentsOfMany(events: readonly AdmittedEvent[]): Readonly<Record<string, unknown>> {
  let bytes = 0;
  let retractTo = 0;
  const retractions: number[] = [];
  const retracted: string[] = [];
  const columns = new EventColumns(events.length);
  events.forEach((one, index) => {
    const { event } = one;
    bytes += one.bytes;
    columns.set(index, one);
    if (event.type !== "retraction") return;
    for (const { to } of event.body.ranges) retractTo = Math.max(retractTo, to);
  });
  for (const [index, ranges] of retractionsOf(events.map(({ event }) => event)).entries()) {
    if (ranges.length === 0) continue;
    retractions.push(index + 1);
    retracted.push(multirange(ranges));
  }
  const [types, agents, roles, statuses, durations, ats, pinned, sizes, derived, contents] = columns.values();
  return {
    bytes,
    retract_to: retractTo,
    types,
    agents,
    roles,
    statuses,
    durations,
    ats,
    pinned,
    sizes,
    derived,
    contents: (contents as readonly string[] | null)?.join(separator),
    retractions: retractions.length === 0 ? undefined : retractions,
    retracted: retracted.length === 0 ? undefined : retracted,
  };
}

/** What is stored of an event in columns beside its content, and the content. */
type EventRow = readonly [
  type: string,
  agent: string | null,
  role: string | null,
  status: string | null,
  durationMs: number | null,
  at: number | null,
  pinned: boolean,
  bytes: number,
  derivedFrom: string | null,
  content: string,
];

/** The event of a tombstone has no body; its content is then all that is left of it. */
function eventColumns({
  event,
  bytes,
}: {
  readonly event: EventInput | Tombstone;
  readonly bytes: number;
}): EventRow {
  const run = event.type === "handoff" || event.type === "execution" ? event.body : undefined;
  return [
    event.type,
    event.agent ?? null,
    event.type === "message" ? (event.body?.role ?? null) : null,
    run?.status ?? null,
    typeof run?.durationMs === "number" ? run.durationMs : null,
    event.at ?? null,
    event.pinned === true,
    bytes,
    event.derivedFrom === undefined ? null : multirange(event.derivedFrom),
    JSON.stringify(event),
  ];
}

/** Columns of many events, for `unnest`. One that is empty throughout is null. */
export class EventColumns {
  readonly #columns: unknown[][];

  constructor(length: number) {
    this.#columns = Array.from({ length: 10 }, () => new Array(length));
  }

  set(index: number, one: { readonly event: EventInput | Tombstone; readonly bytes: number }): void {
    eventColumns(one).forEach((value, column) => {
      (this.#columns[column] as unknown[])[index] = value;
    });
  }

  values(): readonly unknown[] {
    return this.#columns.map(orNull);
  }
}

function orNull(column: readonly unknown[]): readonly unknown[] | null {
  return column.every((value) => value === null) ? null : column;
}

/** As PostgreSQL writes an `int8multirange`. */
export function multirange(ranges: readonly SeqRange[]): string {
  return `{${ranges.map(({ from, to }) => `[${from},${to}]`).join(",")}}`;
}
