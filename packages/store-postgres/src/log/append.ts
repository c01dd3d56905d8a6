import {
  type AdmittedAppend,
  type AdmittedEvent,
  type AppendResult,
  checkRetraction,
  conflict,
  type EventInput,
  historyLost,
  MemoryError,
  type SeqRange,
  type Tombstone,
} from "@relevo/core";
import type { StoreContext } from "../create-postgres-store.ts";
import { asJson } from "../schema/sql-text.ts";
import { parseText } from "./head.ts";

interface AppendRow {
  readonly r_status:
    | "appended"
    | "replayed"
    | "ended"
    | "operation"
    | "sealed"
    | "fence"
    | "version"
    | "retraction";
  readonly r_current: number;
  readonly r_first_seq: number;
  readonly r_version: number;
  readonly r_revision: number;
  readonly r_incarnation: string;
}

const columns = `f.r_status, f.r_current, f.r_first_seq, f.r_version, f.r_revision,
  ${asJson("f.r_incarnation")} as r_incarnation`;
const parameters = Array.from({ length: 28 }, (_, index) => `$${index + 1}`).join(", ");

/** One call of the schema's `append`: one round trip, and one transaction of its own. */
export async function append(
  context: StoreContext,
  request: AdmittedAppend,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<AppendResult> {
  const { database, lockTimeoutMs, ids } = context;
  const { address, operation, events } = request;
  const [row] = await database.call<AppendRow>(
    {
      name: "append",
      text: `select ${columns} from ${database.schema}.append(${parameters}) as f`,
      values: [
        address.tenant,
        address.session,
        lockTimeoutMs,
        request.incarnation,
        request.fence,
        request.expectedVersion,
        ids.next(),
        request.subject,
        JSON.stringify(request.metadata),
        request.ttlMs !== undefined,
        request.ttlMs,
        operation?.id,
        operation?.fingerprint,
        events.length,
        ...columnsOf(events),
      ],
    },
    // With an operation a repetition replays what the first call did; without one it would append twice.
    {
      effect: operation === undefined ? "once" : "repeatable",
      timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    },
  );
  return resultOf(row as AppendRow, request);
}

function resultOf(row: AppendRow, { events, operation }: AdmittedAppend): AppendResult {
  switch (row.r_status) {
    case "appended":
    case "replayed":
      return {
        firstSeq: row.r_first_seq,
        version: row.r_version,
        incarnation: parseText(row.r_incarnation),
        revision: row.r_revision,
        replayed: row.r_status === "replayed",
      };
    case "ended":
      throw historyLost("ended");
    case "operation":
      throw conflict("operation", { operation: operation?.id ?? "" });
    case "sealed":
      throw conflict("sealed", { sealed: true });
    case "fence":
      throw conflict("fence", { fence: row.r_current });
    case "version":
      throw conflict("version", { version: row.r_current });
    case "retraction":
      for (const { event } of events) checkRetraction(event, row.r_current);
  }
  throw new MemoryError(
    "corrupt",
    `The schema's append answered ${row.r_status}, which this package does not know.`,
  );
}

/** The events by column, as `append` unnests them, with what it needs to know of all of them together. */
function columnsOf(events: readonly AdmittedEvent[]): readonly unknown[] {
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
  const marks = retractions.length === 0 ? [null, null] : [retractions, retracted];
  return [bytes, retractTo, ...columns.values(), ...marks];
}

/** What stands beside the content of an event in columns of its own. A column that is empty throughout is null. */
export class EventColumns {
  readonly #types: string[];
  readonly #agents: (string | null)[];
  readonly #roles: (string | null)[];
  readonly #statuses: (string | null)[];
  readonly #durations: (number | null)[];
  readonly #ats: (number | null)[];
  readonly #pinned: boolean[];
  readonly #sizes: number[];
  readonly #derived: (string | null)[];
  readonly #contents: string[];

  constructor(length: number) {
    this.#types = new Array(length);
    this.#agents = new Array(length);
    this.#roles = new Array(length);
    this.#statuses = new Array(length);
    this.#durations = new Array(length);
    this.#ats = new Array(length);
    this.#pinned = new Array(length);
    this.#sizes = new Array(length);
    this.#derived = new Array(length);
    this.#contents = new Array(length);
  }

  /** The event of a tombstone has no body; its content is then all that is left of it. */
  set(
    index: number,
    { event, bytes }: { readonly event: EventInput | Tombstone; readonly bytes: number },
  ): void {
    this.#types[index] = event.type;
    this.#agents[index] = event.agent ?? null;
    this.#roles[index] = event.type === "message" ? (event.body?.role ?? null) : null;
    const run = event.type === "handoff" || event.type === "execution" ? event.body : undefined;
    this.#statuses[index] = run?.status ?? null;
    this.#durations[index] = typeof run?.durationMs === "number" ? run.durationMs : null;
    this.#ats[index] = event.at ?? null;
    this.#pinned[index] = event.pinned === true;
    this.#sizes[index] = bytes;
    this.#derived[index] = event.derivedFrom === undefined ? null : multirange(event.derivedFrom);
    this.#contents[index] = JSON.stringify(event);
  }

  values(): readonly unknown[] {
    return [
      this.#types,
      orNull(this.#agents),
      orNull(this.#roles),
      orNull(this.#statuses),
      orNull(this.#durations),
      orNull(this.#ats),
      this.#pinned,
      this.#sizes,
      orNull(this.#derived),
      this.#contents,
    ];
  }
}

function orNull(column: readonly unknown[]): readonly unknown[] | null {
  return column.every((value) => value === null) ? null : column;
}

/** As PostgreSQL writes an `int8multirange`. */
export function multirange(ranges: readonly SeqRange[]): string {
  return `{${ranges.map(({ from, to }) => `[${from},${to}]`).join(",")}}`;
}
