import type {
  AppendOptions,
  DeleteSessionOptions,
  EraseOptions,
  EventLog,
  EventTransfer,
  ListSessionsOptions,
  OperationRecord,
  ReadOptions,
  SessionAddress,
  TouchOptions,
  TrimOptions,
} from "@relevo/core";
import { admitCall, admitId, admitSessionAddress } from "@relevo/core/input";
import {
  admitAppend,
  admitDeleteSession,
  admitErase,
  admitListSessions,
  admitRead,
  admitTouch,
  admitTrim,
  sessionKey,
} from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import type { Effect } from "../database/database.ts";
import { exactNumber } from "../database/exact-number.ts";
import { purgeEnded } from "../maintenance/purge.ts";
import { functionCall } from "../schema/function-call.ts";
import { asJson, asTexts } from "../schema/sql-text.ts";
import { append, multirange } from "./append.ts";
import {
  type HeadRow,
  headColumns,
  headOf,
  liveSession,
  parseStored,
  parseText,
  throwRefusal,
} from "./head.ts";
import { listSessions } from "./list-sessions.ts";
import { readPage } from "./read.ts";
import { scanEvents } from "./scan.ts";
import { createTransfer } from "./transfer.ts";

/** The most events that one `trim` removes, so that no transaction grows without bound. */
const trimLimit = 10_000;

interface Refusable {
  readonly r_status: string;
  /** This and the other numbers as `asText` gives them. */
  readonly r_current: string | null;
}

/** The columns of a function's answer: its status, and these numbers. */
const answer = (...numbers: readonly string[]): string =>
  `f.r_status, ${asTexts("f", ["r_current", ...numbers])}`;

interface OperationRow {
  readonly fingerprint: string;
  readonly first_seq: string;
  readonly version: string;
  readonly revision: string;
  readonly incarnation: string;
}

/** The log port, with scan and transfer. Each method is one statement, but for what works in batches. */
export function createEventLog(context: StoreContext): EventLog & EventTransfer {
  const { database, turns, lockTimeoutMs } = context;
  const { schema, limits } = database;

  const inTurn = <Result>(
    { tenant, session }: SessionAddress,
    signal: AbortSignal | undefined,
    work: (remainingMs: number) => Promise<Result>,
  ): Promise<Result> => turns.take(sessionKey(tenant, session), signal, work);

  /** Calls a function of the schema that changes one session, and throws what it refuses. */
  async function change<Row extends Refusable>(
    name: string,
    columns: string,
    { tenant, session }: SessionAddress,
    given: Readonly<Record<string, unknown>>,
    effect: Effect,
    signal: AbortSignal | undefined,
  ): Promise<Row> {
    const { call, values } = functionCall(schema, name, {
      tenant,
      session,
      lock_ms: lockTimeoutMs,
      ...given,
    });
    const rows = await inTurn({ tenant, session }, signal, (timeoutMs) =>
      database.call<Row>(
        { name, text: `select ${columns} from ${call} as f`, values },
        { effect, timeoutMs, signal },
      ),
    );
    return rows[0] as Row;
  }

  const log: EventLog = {
    async append(address, events, options: AppendOptions = {}) {
      database.requireOpen();
      const request = admitAppend(address, events, options, limits);
      const { signal } = options;
      return await inTurn(request.address, signal, (timeoutMs) =>
        append(context, request, { timeoutMs, signal }),
      );
    },

    async operation(address, id, options = {}) {
      database.requireOpen();
      const { signal } = admitCall(options);
      const { tenant, session } = admitSessionAddress(address, limits);
      const operation = admitId(id, "id", limits);
      const [row] = await database.call<OperationRow>(
        {
          name: "operation",
          text: `select ${asJson("o.fingerprint")} as fingerprint, ${asJson("s.incarnation")} as incarnation,
  ${asTexts("o", ["first_seq", "version", "revision"])}
from (select set_config('relevo.tenant', $1, true) as tenant offset 0) as scope
cross join lateral (${liveSession(schema)}) as s
cross join lateral (
  select * from ${schema}.operations as o
  where o.tenant = scope.tenant and o.session = $2 and o.generation = s.generation
    and o.key = sha256(convert_to($3, 'UTF8'))
  offset 0
) as o`,
          values: [tenant, session, operation],
        },
        { effect: "read", signal },
      );
      return row && operationRecord(operation, row);
    },

    async read(address, options: ReadOptions = {}) {
      database.requireOpen();
      const request = admitRead(address, options, limits);
      return await readPage(context, admitSessionAddress(address, limits), request, options.signal);
    },

    async head(address, options = {}) {
      database.requireOpen();
      const { signal } = admitCall(options);
      const { tenant, session } = admitSessionAddress(address, limits);
      const [row] = await database.call<HeadRow>(
        {
          name: "head",
          text: `select ${headColumns("s")}
from (select set_config('relevo.tenant', $1, true) as tenant offset 0) as scope
cross join lateral (${liveSession(schema)}) as s`,
          values: [tenant, session],
        },
        { effect: "read", signal },
      );
      return row && headOf(row);
    },

    async touch(address, options: TouchOptions = {}) {
      database.requireOpen();
      const { incarnation, ttlMs, subject, metadata } = admitTouch(address, options, limits);
      const row = await change<Refusable & HeadRow>(
        "touch_session",
        `${answer()}, ${headColumns("(f.r_head)")}`,
        admitSessionAddress(address, limits),
        {
          incarnation,
          ttl_change: ttlMs !== undefined,
          ttl_ms: ttlMs,
          subject,
          metadata: metadata === undefined ? undefined : JSON.stringify(metadata),
        },
        "repeatable",
        options.signal,
      );
      throwRefusal(row);
      return row.r_status === "missing" ? undefined : headOf(row);
    },

    async trim(address, options: TrimOptions) {
      database.requireOpen();
      const { incarnation, beforeSeq, olderThan } = admitTrim(address, options, limits);
      const row = await change<
        Refusable & {
          readonly r_removed: string;
          readonly r_first_seq: string;
          readonly r_more: boolean;
          readonly r_removal: string;
        }
      >(
        "trim_session",
        `${answer("r_removed", "r_first_seq", "r_removal")}, f.r_more`,
        admitSessionAddress(address, limits),
        { incarnation, before: beforeSeq, older: olderThan, limit: trimLimit },
        "once",
        options.signal,
      );
      throwRefusal(row);
      return {
        removed: exactNumber(row.r_removed),
        firstSeq: exactNumber(row.r_first_seq),
        more: row.r_more,
        removalRevision: exactNumber(row.r_removal),
      };
    },

    async erase(address, options: EraseOptions) {
      database.requireOpen();
      const { ranges, incarnation } = admitErase(address, options, limits);
      const row = await change<
        Refusable & { readonly r_erased: string; readonly r_revision: string; readonly r_removal: string }
      >(
        "erase_events",
        `${answer("r_revision", "r_removal")}, array_to_json(f.r_erased)::text as r_erased`,
        admitSessionAddress(address, limits),
        { incarnation, ranges: multirange(ranges) },
        "repeatable",
        options.signal,
      );
      throwRefusal(row);
      return {
        erased: parseStored(row.r_erased) as readonly number[],
        revision: exactNumber(row.r_revision),
        removalRevision: exactNumber(row.r_removal),
      };
    },

    async delete(address, options: DeleteSessionOptions = {}) {
      database.requireOpen();
      const { incarnation, expectedVersion } = admitDeleteSession(address, options, limits);
      const admitted = admitSessionAddress(address, limits);
      const row = await change<Refusable & { readonly r_generation: string }>(
        "end_session",
        answer("r_generation"),
        admitted,
        { incarnation, expected: expectedVersion, idle_since: undefined },
        "once",
        options.signal,
      );
      if (row.r_status === "ended" || row.r_status === "missing") return false;
      throwRefusal(row);
      await purgeEnded(context, admitted, row.r_generation, options.signal);
      return true;
    },

    async list(tenant, options: ListSessionsOptions = {}) {
      database.requireOpen();
      return await listSessions(context, admitListSessions(tenant, options, limits), options.signal);
    },

    scan: (tenant, options = {}) => scanEvents(context, tenant, options),
  };

  return {
    ...log,
    ...createTransfer(context),
  };
}

function operationRecord(id: string, row: OperationRow): OperationRecord {
  const { fingerprint, first_seq, version, revision, incarnation } = row;
  return Object.freeze({
    id,
    fingerprint: parseText(fingerprint),
    result: Object.freeze({
      firstSeq: exactNumber(first_seq),
      version: exactNumber(version),
      incarnation: parseText(incarnation),
      revision: exactNumber(revision),
    }),
  });
}
