import type { OperationRecord, SessionAddress, StoredEvent } from "@relevo/core";
import { historyLost } from "@relevo/core/input";
import type { RemovedRange } from "@relevo/core/store";
import { LRUCache } from "lru-cache";
import type { StoreContext } from "../context.ts";
import { exportPart } from "../scripts/scripts.generated.ts";
import { decodeEvent } from "./event-codec.ts";
import { decodeHead, type StoredHead } from "./head-codec.ts";
import { decodeOperation } from "./operation-codec.ts";
import { decodeRemoved } from "./removed-codec.ts";
import { requireDone } from "./status.ts";

/** A part of a log as it is. */
export interface Part {
  /** The head as it is stored. */
  readonly text: string;
  readonly head: StoredHead;
  /** Fewer than were asked for when they are big. */
  readonly events: readonly StoredEvent[];
}

export interface ExportedPart extends Part {
  readonly operations: readonly OperationRecord[];
  readonly removed: readonly RemovedRange[];
}

export type ExportPart = (
  address: SessionAddress,
  after: number,
  limit: number,
  signal: AbortSignal | undefined,
) => Promise<ExportedPart | undefined>;

/** Operations of a session in one state of it, in order of their versions. */
interface KnownOperations {
  readonly state: string;
  readonly operations: readonly OperationRecord[];
}

/**
 * Exports a session part by part. All of its operations come with the first part and are remembered for the others:
 * they have no order on the server, and looking through all of them for each part would cost their square. The part
 * behind 0 also has the operations whose events were trimmed, or that had none.
 *
 * @throws `history-lost` when the log, or an operation, is missing.
 */
export function createExporter(context: StoreContext): ExportPart {
  const known = new LRUCache<string, KnownOperations>({ max: 4, ttl: 60_000 });
  return async (address, after, limit, signal) => {
    const { log } = context.keys.session(address.tenant, address.session);
    const before = known.get(log);
    const answer = await runExport(context, address, after, limit, before?.state ?? "none", signal);
    if (answer === "evicted") throw historyLost("evicted");
    if (answer === "none") return undefined;
    const { part, state, rows } = answer;
    const now =
      before?.state === state ? before : { state, operations: decodeRows(rows, part.head.incarnation) };
    known.set(log, now);
    const last = part.events.at(-1)?.seq ?? part.head.version;
    const operations = now.operations.filter(
      ({ result: { version } }) => version <= last && (version > after || after === 0),
    );
    return { ...part, operations, removed: decodeRemoved(answer.removed) };
  };
}

/** Events after a seq; `undefined` without a session. */
export async function readPart(
  context: StoreContext,
  address: SessionAddress,
  after: number,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Part | undefined> {
  const answer = await runExport(context, address, after, limit, undefined, signal);
  return typeof answer === "string" ? undefined : answer.part;
}

interface Exported {
  readonly part: Part;
  readonly state: string;
  readonly rows: readonly (readonly string[])[];
  readonly removed: string;
}

async function runExport(
  { connection, keys, limits }: StoreContext,
  { tenant, session }: SessionAddress,
  after: number,
  limit: number,
  knownState: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Exported | "none" | "evicted"> {
  const args = { first: after + 1, limit, knownState, batchBytes: limits.batchBytes };
  const answer = await connection.script(exportPart, keys.session(tenant, session), args, { signal });
  if (Array.isArray(answer) && (answer[0] === "none" || answer[0] === "evicted")) return answer[0];
  const [, text, first, elements, state, rows, removed] = requireDone(answer) as unknown as [
    string,
    string,
    number,
    readonly string[],
    string,
    readonly (readonly string[])[],
    string,
  ];
  const events = elements.map((element, index) => decodeEvent(element, first + index));
  return { part: { text, head: decodeHead(text), events }, state, rows, removed };
}

/** Of an id in both generations, the younger row counts. */
function decodeRows(rows: readonly (readonly string[])[], incarnation: string): readonly OperationRecord[] {
  const records = new Map<string, OperationRecord>();
  for (const row of rows) {
    for (let index = 0; index < row.length; index += 2) {
      const id = row[index] ?? "";
      // The empty field is the mark.
      if (id !== "") records.set(id, decodeOperation(id, row[index + 1] ?? ""));
    }
  }
  return [...records.values()]
    .filter(({ result }) => result.incarnation === incarnation)
    .sort((left, right) => left.result.version - right.result.version);
}
