import {
  type CallOptions,
  type DeleteSessionOptions,
  type EventTransfer,
  type ExportOptions,
  MemoryError,
  type OperationRecord,
  type SessionAddress,
  type SessionHead,
  type UnsealOptions,
} from "@relevo/core";
import { admitCall, admitSessionAddress } from "@relevo/core/input";
import {
  type AdmittedDeleteSession,
  admitDeleteSession,
  admitExport,
  admitTransferBatch,
  admitUnseal,
  sessionKey,
} from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { exactNumber } from "../database/exact-number.ts";
import { pageBytes } from "../schema/bounds.ts";
import { functionCall } from "../schema/function-call.ts";
import { asTexts } from "../schema/sql-text.ts";
import { type HeadRow, headColumns, headOf, liveSession, parseStored, throwRefusal } from "./head.ts";
import { importBatch } from "./import-batch.ts";
import { type PageEntry, storedEvent } from "./read.ts";
import { decodeRemoved } from "./removed-codec.ts";

interface ExportRow extends HeadRow {
  readonly page: string | null;
  readonly operations: string | null;
  readonly removed: string;
}

type ExportedOperation = readonly [
  id: string,
  fingerprint: string,
  firstSeq: number,
  version: number,
  revision: number,
];

/** The transfer port. */
export function createTransfer(context: StoreContext): EventTransfer {
  const { database, turns, lockTimeoutMs } = context;
  const { schema, limits } = database;

  async function setSealed(
    sealed: boolean,
    address: SessionAddress,
    { incarnation, expectedVersion }: AdmittedDeleteSession,
    { signal }: CallOptions,
  ): Promise<SessionHead> {
    const { tenant, session } = admitSessionAddress(address, limits);
    const { call, values } = functionCall(schema, "seal_session", {
      tenant,
      session,
      lock_ms: lockTimeoutMs,
      incarnation,
      expected: expectedVersion,
      sealed,
    });
    const [row] = await turns.take(sessionKey(tenant, session), signal, (timeoutMs) =>
      database.call<HeadRow & { readonly r_status: string; readonly r_current: string | null }>(
        {
          name: "seal_session",
          text: `select f.r_status, ${asTexts("f", ["r_current"])}, ${headColumns("(f.r_head)")}
from ${call} as f`,
          values,
        },
        { effect: "repeatable", timeoutMs, signal },
      ),
    );
    if (row === undefined || row.r_status === "missing") {
      throw new MemoryError("not-found", "There is no such session.");
    }
    throwRefusal(row);
    return headOf(row);
  }

  return {
    async seal(address, options: DeleteSessionOptions = {}) {
      database.requireOpen();
      return await setSealed(true, address, admitDeleteSession(address, options, limits), options);
    },

    async unseal(address, options: UnsealOptions = {}) {
      database.requireOpen();
      return await setSealed(false, address, admitUnseal(address, options, limits), options);
    },

    async exportEvents(address, options: ExportOptions = {}) {
      database.requireOpen();
      const { after, limit } = admitExport(address, options, limits);
      const { tenant, session } = admitSessionAddress(address, limits);
      const [row] = await database.call<ExportRow>(
        {
          name: "export",
          // The first batch also takes the operations whose events were trimmed, or that stand before the first.
          text: `select ${headColumns("s")}, p.page, o.operations, s.removed
from (select set_config('relevo.tenant', $1, true) as tenant offset 0) as scope
cross join lateral (${liveSession(schema)}) as s
cross join lateral (
  select greatest($3::bigint + 1, s.first_seq) as first,
    least(greatest($3::bigint + 1, s.first_seq) + $4::bigint - 1, s.version) as last
  offset 0
) as w
cross join lateral (
  select '[' || string_agg(${schema}.event_entry(e.seq, e.recorded_at, e.retracted_by, e.content), ',' order by e.seq) || ']' as page, coalesce(max(e.seq), w.last) as last
  from (
    select e.seq, e.recorded_at, e.retracted_by, e.content,
      row_number() over page = 1 or sum(e.bytes) over page <= $5::bigint as kept
    from ${schema}.events as e
    where e.tenant = scope.tenant and e.session = $2 and e.generation = s.generation
      and e.seq >= w.first and e.seq <= w.last
    window page as (order by e.seq)
  ) as e where e.kept
) as p
cross join lateral (
  select '[' || string_agg(
    '[' || to_json(o.id) || ',' || to_json(o.fingerprint) || ',' || o.first_seq || ',' || o.version || ','
      || o.revision || ']', ',' order by o.version, o.revision
  ) || ']' as operations
  from ${schema}.operations as o
  where o.tenant = scope.tenant and o.session = $2 and o.generation = s.generation
    and o.version >= 0 and o.version >= case when $3::bigint = 0 then 0::bigint else $3::bigint + 1 end
    and o.version <= p.last
) as o`,
          values: [tenant, session, after, limit, Math.min(limits.batchBytes, pageBytes)],
        },
        { effect: "read", signal: options.signal },
      );
      if (row === undefined) return undefined;
      const head = headOf(row);
      const { incarnation } = head;
      const events = parseStored(row.page ?? "[]") as readonly PageEntry[];
      const operations = parseStored(row.operations ?? "[]") as readonly ExportedOperation[];
      return {
        head,
        ...(row.ttl_ms === null ? {} : { ttlMs: exactNumber(row.ttl_ms) }),
        events: events.map(([seq, recordedAt, retractedBy, content]) =>
          storedEvent(content, seq, recordedAt, retractedBy),
        ),
        operations: operations.map(
          ([id, fingerprint, firstSeq, version, revision]): OperationRecord => ({
            id,
            fingerprint,
            result: { firstSeq, version, incarnation, revision },
          }),
        ),
        removed: decodeRemoved(row.removed),
      };
    },

    async importEvents(address, batch, options: CallOptions = {}) {
      database.requireOpen();
      admitCall(options);
      const admitted = admitSessionAddress(address, limits);
      const request = admitTransferBatch(batch, limits);
      return await turns.take(sessionKey(admitted.tenant, admitted.session), options.signal, () =>
        importBatch(context, admitted, request, options.signal),
      );
    },
  };
}
