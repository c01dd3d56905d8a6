import type { SessionHead } from "@relevo/core";
import type { AdmittedListSessions, DriverPage, ListPosition } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { functionCall } from "../schema/function-call.ts";
import { type HeadRow, headColumns, headOf, parseText } from "./head.ts";

interface ListRow extends HeadRow {
  /** False for a slot where the call only stopped looking. */
  readonly r_listed: boolean;
  readonly r_edge: boolean;
}

/** Heads in the order of ids. The work of a call is bounded, whatever the filters leave out. */
export async function listSessions(
  { database }: StoreContext,
  {
    tenant,
    subject,
    idleSince,
    prefix,
    limit,
    after,
    signal,
  }: Omit<AdmittedListSessions, "order" | "direction">,
): Promise<DriverPage<SessionHead, ListPosition>> {
  const { call, values } = functionCall(database.schema, "list_sessions", {
    tenant,
    limit,
    after: after?.session ?? "",
    prefix: prefix ?? "",
    subject,
    idle: idleSince,
  });
  const rows = await database.call<ListRow>(
    {
      name: "list_sessions",
      text: `select ${headColumns("(f.r_session)")}, f.r_listed, f.r_edge
from ${call} as f`,
      values,
    },
    { effect: "read", signal },
  );
  const listed = rows.filter((row) => row.r_listed);
  const last = listed.length > limit ? listed[limit - 1] : rows.find((row) => row.r_edge);
  const items = listed.slice(0, limit).map(headOf);
  return { items, next: last && { session: parseText(last.session), updatedAt: 0 } };
}
