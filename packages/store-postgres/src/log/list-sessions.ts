import type { SessionHead } from "@relevo/core";
import { type AdmittedListSessions, type DriverPage, type ListPosition, prefixEnd } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { exactNumber } from "../database/exact-number.ts";
import { functionCall } from "../schema/function-call.ts";
import { type HeadRow, headColumns, headOf, parseText } from "./head.ts";

interface ListRow extends HeadRow {
  /** False for a slot where the call only stopped looking. */
  readonly r_listed: boolean;
  readonly r_edge: boolean;
}

/** Heads in the order asked. The work of a call is bounded, whatever the filters leave out. */
export async function listSessions(
  { database }: StoreContext,
  { tenant, order, direction, subject, idleSince, prefix, limit, after, signal }: AdmittedListSessions,
): Promise<DriverPage<SessionHead, ListPosition>> {
  const { call, values } = functionCall(database.schema, "list_sessions", {
    tenant,
    limit,
    updated: order === "updated",
    backward: direction === "backward",
    after_at: after?.updatedAt,
    after: after?.session,
    prefix: prefix ?? "",
    prefix_end: prefix === undefined ? undefined : prefixEnd(prefix),
    subject,
    idle: idleSince,
  });
  const rows = await database.call<ListRow>(
    {
      name: "list_sessions",
      text: () => `select ${headColumns("(f.r_session)")}, f.r_listed, f.r_edge
from ${call()} as f`,
      values,
    },
    { effect: "read", signal },
  );
  const listed = rows.filter((row) => row.r_listed);
  const last = listed.length > limit ? listed[limit - 1] : rows.find((row) => row.r_edge);
  const items = listed.slice(0, limit).map(headOf);
  if (last === undefined) return { items };
  const updatedAt = order === "updated" ? exactNumber(last.updated_at) : 0;
  return { items, next: { session: parseText(last.session), updatedAt } };
}
