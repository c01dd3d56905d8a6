import { type ChangedHead, MemoryError, type StoredEvent } from "@relevo/core";
import { rangesOf } from "@relevo/core/input";
import {
  type AdmittedImport,
  type AdmittedTransferBatch,
  type Answer,
  type ImportPlan,
  type ImportTarget,
  mergeRemovals,
  planImport,
  retractionsOf,
  sessionKey,
} from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import type { Run } from "../database/database.ts";
import { functionCall } from "../schema/function-call.ts";
import { EventColumns, multirange } from "./append.ts";
import { type HeadRow, headColumns, headOf, parseStored } from "./head.ts";
import { eventsOf, type PageEntry } from "./read.ts";
import { decodeRemoved, encodeRemoved } from "./removed-codec.ts";

/** What `import_target` of the schema answers. */
interface Target extends Pick<ImportTarget, "incarnation" | "version" | "revision" | "firstSeq"> {
  readonly sealed: boolean;
  readonly token: string;
  readonly removed: string;
  readonly events: readonly PageEntry[];
  readonly operations: readonly (readonly [id: string, fingerprint: string])[];
}

/** Takes a batch in one transaction, under the lock of the slot: looks at what is here, plans, and writes. */
export async function importBatch(
  { database, turns, lockTimeoutMs }: StoreContext,
  { address, batch, fence, token, signal }: AdmittedImport,
): Promise<Answer<ChangedHead>> {
  const { tenant, session } = address;
  const { schema } = database;

  async function take(run: Run): Promise<Answer<ChangedHead>> {
    const found = await lookAt(batch, run);
    if (found !== undefined && "fence" in found) return { refused: "fence", current: found.fence };
    const planned = planImport(batch, found && targetOf(found));
    if (planned.refused !== undefined) return planned;
    const { call, values } = functionCall(schema, "import_events", {
      tenant,
      session,
      lock_ms: lockTimeoutMs,
      token,
      ...argumentsOf(batch, planned.ok, found?.removed ?? ""),
    });
    const [row] = await run<HeadRow>(
      `select ${headColumns("f")} from ${call()} as f where f.incarnation is not null`,
      values,
    );
    if (row === undefined) {
      throw new MemoryError("conflict", "The session expired while it was imported. Import it again.");
    }
    const head = headOf(row);
    return { ok: found === undefined ? head : Object.freeze({ ...head, previousToken: found.token }) };
  }

  async function lookAt(
    { events, operations }: AdmittedTransferBatch,
    run: Run,
  ): Promise<Target | { readonly fence: number } | undefined> {
    const { call, values } = functionCall(schema, "import_target", {
      tenant,
      session,
      fence,
      from: events[0]?.event.seq ?? 1,
      to: events.at(-1)?.event.seq ?? 0,
      operations: operations.map(({ id }) => id),
    });
    const [row] = await run<{ readonly target: string | null }>(`select ${call()} as target`, values);
    return row === undefined || row.target === null
      ? undefined
      : (parseStored(row.target) as Target | { readonly fence: number });
  }

  return await turns.take(sessionKey(tenant, session), signal, () =>
    database.transaction(tenant, take, { effect: "repeatable", signal }),
  );
}

function targetOf({ sealed, token: _token, events, operations, ...head }: Target): ImportTarget {
  const bySeq = new Map(eventsOf(events).map((event) => [event.seq, event]));
  const fingerprints = new Map(operations);
  return {
    ...head,
    ...(sealed ? { sealed } : {}),
    event: (seq) => bySeq.get(seq),
    fingerprint: (operation) => fingerprints.get(operation),
  };
}

function argumentsOf(
  { head, ttlMs, removed }: AdmittedTransferBatch,
  { creates, adds, events, bytes, operations, erased, kept, revision }: ImportPlan,
  removedHere: string,
): Readonly<Record<string, unknown>> {
  const columns = new EventColumns(events.length);
  events.forEach(({ event, bytes: size }, index) => {
    const { seq: _seq, recordedAt: _at, retractedBy: _by, ...appended } = event;
    columns.set(index, { event: appended as StoredEvent, bytes: size });
  });
  const [types, agents, roles, statuses, durations, ats, pinned, sizes, derived, contents] = columns.values();
  const firstSeq = events[0]?.event.seq ?? 0;
  const retractions = retractionsOf(events.map(({ event }) => event)).flatMap((ranges, index) =>
    ranges.length === 0 ? [] : [{ seq: firstSeq + index, ranges: multirange(ranges) }],
  );
  return {
    creates,
    adds,
    incarnation: head.incarnation,
    subject: head.subject,
    metadata: JSON.stringify(head.metadata),
    ttl_ms: ttlMs,
    created_at: head.createdAt,
    updated_at: head.updatedAt,
    first_seq: head.firstSeq,
    revision,
    removal_revision: head.removalRevision,
    removed: encodeRemoved(mergeRemovals(decodeRemoved(removedHere), removed)),
    bytes,
    seqs: events.map(({ event }) => event.seq),
    types,
    agents,
    roles,
    statuses,
    durations,
    ats,
    pinned,
    sizes,
    derived,
    contents,
    recorded: events.map(({ event }) => event.recordedAt),
    retracted: events.map(({ event }) => event.retractedBy ?? null),
    blanked: events.map(({ event }) => event.erasedAt ?? null),
    operations: JSON.stringify(
      operations.map(({ id, fingerprint, result }) => ({ id, fingerprint, ...result })),
    ),
    retractions: JSON.stringify(retractions),
    erased: multirange(rangesOf(erased)),
    kept: multirange(rangesOf(kept)),
  };
}
