import { type AppendResult, type EventInput, MemoryError, type SeqRange, type Tombstone } from "@relevo/core";
import { type AdmittedEvent, conflict, historyLost } from "@relevo/core/input";
import { type AdmittedAppend, checkRetraction } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { contentSeparator } from "../schema/bounds.ts";
import { functionCall } from "../schema/function-call.ts";

const separator = String.fromCharCode(contentSeparator);
/** One call of the schema's `append`: one round trip, and one transaction of its own. */
export async function append(
  context: StoreContext,
  request: AdmittedAppend,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<AppendResult> {
  const { database, lockTimeoutMs, ids } = context;
  const { address, operation, events } = request;
  const [first] = events;
  // Only where something is derived is there anything to be checked.
  const removal = request.derivedFrom === undefined ? undefined : request.removalRevision;
  const one =
    first !== undefined && events.length === 1 && first.event.type !== "retraction" ? first : undefined;
  const name = one === undefined ? "append" : "append_one";
  const { call, values } = functionCall(database.schema, name, {
    tenant: address.tenant,
    session: address.session,
    lock_ms: lockTimeoutMs,
    incarnation: request.incarnation,
    fence: request.fence,
    expected: request.expectedVersion,
    candidate: ids.next(),
    subject: request.subject,
    metadata: JSON.stringify(request.metadata),
    ttl_change: request.ttlMs !== undefined,
    ttl_ms: request.ttlMs,
    operation: operation?.id,
    fingerprint: operation?.fingerprint,
    count: events.length,
    removal,
    ...(one === undefined ? argumentsOfMany(events) : argumentsOfOne(one)),
  });
  const [row] = await database.call<{ readonly answer: string }>(
    { name, text: `select ${call} as answer`, values },
    // With an operation a repetition replays what the first call did; without one it would append twice.
    {
      effect: operation === undefined ? "once" : "repeatable",
      timeoutMs,
      signal,
    },
  );
  return resultOf(row?.answer ?? "", request);
}

/** The answer is `appended|first seq|version|revision|incarnation`, or a refusal with what it met. */
function resultOf(answer: string, { events, operation }: AdmittedAppend): AppendResult {
  const [status, first, version, revision, ...incarnation] = answer.split("|");
  switch (status) {
    case "appended":
    case "replayed":
      return {
        firstSeq: Number(first),
        version: Number(version),
        incarnation: incarnation.join("|"),
        revision: Number(revision),
        token: "",
        replayed: status === "replayed",
      };
    case "ended":
      throw historyLost("ended");
    case "operation":
      throw conflict("operation", { operation: operation?.id ?? "" });
    case "sealed":
      throw conflict("sealed", { sealed: true });
    case "fence":
      throw conflict("fence", { fence: Number(first) });
    case "version":
      throw conflict("version", { version: Number(first) });
    case "removal":
      throw conflict("removal", { removalRevision: Number(first) });
    case "retraction":
      for (const { event } of events) checkRetraction(event, Number(first));
  }
  throw new MemoryError(
    "corrupt",
    `The schema's append answered ${status}, which this package does not know.`,
  );
}

function argumentsOfOne(one: AdmittedEvent): Readonly<Record<string, unknown>> {
  const [type, agent, role, status, duration, at, pinned, bytes, derived, content] = eventColumns(one);
  return { bytes, retract_to: 0, type, agent, role, status, duration, at, pinned, derived, content };
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
    retractions.push(index + 1);
    retracted.push(multirange(event.body.ranges));
  });
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
