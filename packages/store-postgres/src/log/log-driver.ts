import type { OperationRecord } from "@relevo/core";
import type { LogDriver } from "@relevo/core/store";
import { answerColumns, answerOf, callFunction, type Refusable } from "../call-function.ts";
import type { StoreContext } from "../context.ts";
import { exactNumber } from "../database/exact-number.ts";
import { purgeEnded } from "../maintenance/purge.ts";
import { asJson, asTexts } from "../schema/sql-text.ts";
import { append, multirange } from "./append.ts";
import { endSession } from "./end-session.ts";
import {
  type ChangedRow,
  changedHeadOf,
  type HeadRow,
  headColumns,
  headOf,
  liveSession,
  parseStored,
  parseText,
} from "./head.ts";
import { listSessions } from "./list-sessions.ts";
import { readPage } from "./read.ts";

/** The most events that one `trim` removes, so that no transaction grows without bound. */
const trimLimit = 10_000;

interface OperationRow {
  readonly fingerprint: string;
  readonly first_seq: string;
  readonly version: string;
  readonly revision: string;
  readonly incarnation: string;
}

interface TokenRow extends Refusable {
  readonly r_token: string;
  readonly r_previous: string;
}

interface TrimRow extends TokenRow {
  readonly r_removed: string;
  readonly r_first_seq: string;
  readonly r_more: boolean;
  readonly r_removal: string;
}

interface EraseRow extends TokenRow {
  readonly r_erased: string;
  readonly r_revision: string;
  readonly r_removal: string;
}

/** The log. Each call is one statement, but for the removal of what a deleted session held. */
export function createLogDriver(context: StoreContext): LogDriver {
  const { database } = context;
  const { schema } = database;

  return {
    append: (request) => append(context, request),

    async operation({ address, id, signal }) {
      const { tenant, session } = address;
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
          values: [tenant, session, id],
        },
        { effect: "read", signal },
      );
      return { ok: row && operationRecord(id, row) };
    },

    read: (request) => readPage(context, request),

    async head({ address, signal }) {
      const [row] = await database.call<HeadRow>(
        {
          name: "head",
          text: `select ${headColumns("s")}
from (select set_config('relevo.tenant', $1, true) as tenant offset 0) as scope
cross join lateral (${liveSession(schema)}) as s`,
          values: [address.tenant, address.session],
        },
        { effect: "read", signal },
      );
      return { ok: row && headOf(row) };
    },

    async touch({ address, incarnation, ttlMs, subject, metadata, token, signal }) {
      const [row] = await callFunction<ChangedRow>(context, address, {
        name: "touch_session",
        columns: `${answerColumns()}, f.r_previous, ${headColumns("(f.r_head)")}`,
        given: {
          incarnation,
          ttl_change: ttlMs !== undefined,
          ttl_ms: ttlMs,
          subject,
          metadata: metadata === undefined ? undefined : JSON.stringify(metadata),
          token,
        },
        effect: "repeatable",
        signal,
      });
      return answerOf(row, changedHeadOf);
    },

    async trim({ address, incarnation, beforeSeq, olderThan, token, signal }) {
      const [row] = await callFunction<TrimRow>(context, address, {
        name: "trim_session",
        columns: `${answerColumns("r_removed", "r_first_seq", "r_removal")}, f.r_more, f.r_token, f.r_previous`,
        given: { incarnation, before: beforeSeq, older: olderThan, limit: trimLimit, token },
        effect: "once",
        signal,
      });
      return answerOf(row, ({ r_removed, r_first_seq, r_more, r_removal, r_token, r_previous }) => ({
        removed: exactNumber(r_removed),
        firstSeq: exactNumber(r_first_seq),
        more: r_more,
        removalRevision: exactNumber(r_removal),
        token: r_token,
        previousToken: r_previous,
      }));
    },

    async erase({ address, incarnation, ranges, kept, token, signal }) {
      const [row] = await callFunction<EraseRow>(context, address, {
        name: "erase_events",
        columns: `${answerColumns("r_revision", "r_removal")}, array_to_json(f.r_erased)::text as r_erased, f.r_token, f.r_previous`,
        given: { incarnation, ranges: multirange(ranges), kept: multirange(kept), token },
        effect: "repeatable",
        signal,
      });
      return answerOf(row, ({ r_erased, r_revision, r_removal, r_token, r_previous }) => ({
        erased: parseStored(r_erased) as readonly number[],
        revision: exactNumber(r_revision),
        removalRevision: exactNumber(r_removal),
        token: r_token,
        previousToken: r_previous,
      }));
    },

    async delete({ address, incarnation, fence, expectedVersion, expectedToken, signal }) {
      const conditions = { incarnation, fence, expected: expectedVersion, token: expectedToken, signal };
      const answer = await endSession(context, address, conditions);
      if (answer.refused !== undefined) return answer;
      if (answer.ok === undefined) return { ok: false };
      await purgeEnded(context, address, answer.ok, signal);
      return { ok: true };
    },

    list: async (request) => ({ ok: await listSessions(context, request) }),
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
