import type { OperationRecord } from "@relevo/core";
import type { TransferDriver } from "@relevo/core/store";
import { answerColumns, answerOf, callFunction } from "../call-function.ts";
import type { StoreContext } from "../context.ts";
import { exactNumber } from "../database/exact-number.ts";
import { exportDocuments, importDocuments } from "../documents/transfer-documents.ts";
import { pageBytes } from "../schema/bounds.ts";
import {
  type ChangedRow,
  changedHeadOf,
  type HeadRow,
  headColumns,
  headOf,
  liveSession,
  parseStored,
} from "./head.ts";
import { importBatch } from "./import-batch.ts";
import { eventsOf, type PageEntry } from "./read.ts";
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

/** Moving sessions and documents. */
export function createTransferDriver(context: StoreContext): TransferDriver {
  const { database } = context;
  const { schema, limits } = database;

  return {
    async seal({ address, incarnation, fence, expectedVersion, sealed, token, signal }) {
      const [row] = await callFunction<ChangedRow>(context, address, {
        name: "seal_session",
        columns: `${answerColumns()}, f.r_previous, ${headColumns("(f.r_head)")}`,
        given: { incarnation, fence, expected: expectedVersion, sealed, token },
        effect: "repeatable",
        signal,
      });
      return answerOf(row, changedHeadOf);
    },

    async export({ address, after, limit, signal }) {
      const { tenant, session } = address;
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
        { effect: "read", signal },
      );
      if (row === undefined) return { ok: undefined };
      const head = headOf(row);
      const { incarnation } = head;
      const operations = parseStored(row.operations ?? "[]") as readonly ExportedOperation[];
      return {
        ok: {
          head,
          ...(row.ttl_ms === null ? {} : { ttlMs: exactNumber(row.ttl_ms) }),
          events: eventsOf(parseStored(row.page ?? "[]") as readonly PageEntry[]),
          operations: operations.map(
            ([id, fingerprint, firstSeq, version, revision]): OperationRecord => ({
              id,
              fingerprint,
              result: { firstSeq, version, incarnation, revision },
            }),
          ),
          removed: decodeRemoved(row.removed),
        },
      };
    },

    import: (request) => importBatch(context, request),
    exportDocuments: (request) => exportDocuments(context, request),
    importDocuments: (request) => importDocuments(context, request),
  };
}
