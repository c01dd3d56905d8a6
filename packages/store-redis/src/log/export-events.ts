import type { OperationRecord, SessionAddress, StoredEvent, TransferBatch } from "@relevo/core";
import type { AdmittedExport, Answer } from "@relevo/core/store";
import { LRUCache } from "lru-cache";
import { type Reply, refusalOf, replyOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { exportPart } from "../scripts/scripts.generated.ts";
import { decodeEvent } from "./event-codec.ts";
import { decodeHead, headOf, type StoredHead } from "./head-codec.ts";
import { decodeOperation } from "./operation-codec.ts";
import { decodeRemoved } from "./removed-codec.ts";

/** A part of a log as it is. */
export interface Part {
  /** The head as it is stored. */
  readonly text: string;
  readonly head: StoredHead;
  /** Fewer than were asked for when they are big. */
  readonly events: readonly StoredEvent[];
}

/** Operations of a session in one state of it, in order of their versions. */
interface KnownOperations {
  readonly state: string;
  readonly operations: readonly OperationRecord[];
}

/**
 * Exports a session part by part. All of its operations come with the first part and are remembered for the others:
 * they have no order on the server, and looking through all of them for each part would cost their square. The part
 * behind 0 also has the operations whose events were trimmed, or that had none.
 */
export function createExporter(
  context: StoreContext,
): (request: AdmittedExport) => Promise<Answer<TransferBatch | undefined>> {
  const known = new LRUCache<string, KnownOperations>({ max: 4, ttl: 60_000, ttlResolution: 0 });
  return async ({ address, after, limit, signal }) => {
    const { log } = context.sessionKeys(address);
    const before = known.get(log);
    // A state that no session has asks for all operations.
    const state = before?.state ?? "none";
    const reply = replyOf(await runExport(context, address, after, limit, state, signal));
    const refusal = refusalOf(reply);
    if (refusal !== undefined) return refusal;
    if (reply[0] === "none") return { ok: undefined };
    const { part, state: newState, rows, removed } = exportedOf(reply);
    const { head, events } = part;
    const now =
      before?.state === newState
        ? before
        : { state: newState, operations: decodeRows(rows, head.incarnation) };
    known.set(log, now);
    const last = events.at(-1)?.seq ?? head.version;
    const operations = now.operations.filter(
      ({ result: { version } }) => version <= last && (version > after || after === 0),
    );
    return {
      ok: {
        head: headOf(address.session, head),
        ttlMs: head.ttlMs,
        events,
        operations,
        removed: decodeRemoved(removed),
      },
    };
  };
}

/** Events after a seq; `undefined` without a session that can be read. */
export async function readPart(
  context: StoreContext,
  address: SessionAddress,
  after: number,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Part | undefined> {
  const reply = replyOf(await runExport(context, address, after, limit, undefined, signal));
  return reply[0] === "ok" ? exportedOf(reply).part : undefined;
}

interface Exported {
  readonly part: Part;
  readonly state: string;
  readonly rows: readonly (readonly string[])[];
  readonly removed: string;
}

async function runExport(
  { connection, sessionKeys, limits }: StoreContext,
  address: SessionAddress,
  after: number,
  limit: number,
  knownState: string | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const values = { first: after + 1, limit, knownState, batchBytes: limits.batchBytes };
  return await connection.script(exportPart, sessionKeys(address), values, { signal });
}

function exportedOf(reply: Reply): Exported {
  const [, text, first, elements, state, rows, removed] = reply as unknown as [
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
      // The empty field is the mark; a NUL begins operations of documents, which stay here.
      if (id !== "" && !id.startsWith("\0")) records.set(id, decodeOperation(id, row[index + 1] ?? ""));
    }
  }
  return [...records.values()]
    .filter(({ result }) => result.incarnation === incarnation)
    .sort((left, right) => left.result.version - right.result.version);
}
