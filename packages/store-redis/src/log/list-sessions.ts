import type { SessionHead } from "@relevo/core";
import type { AdmittedListSessions, Answer, DriverPage, ListPosition } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { decodeHead, headOf } from "./head-codec.ts";
import { nextById, nextByTime, nextOfSubject, type Places } from "./list-places.ts";
import { latestTime, orderByLastWrite } from "./order-by-last-write.ts";

/** Sessions that one call looks at beyond those it returns. */
const lookBudget = 2000;
/** The most heads that are read at a time. */
const mostAtOnce = 1000;

/**
 * A merge of the tenant's buckets. A row is returned as its own head says. First as many heads are read as the page has
 * rows, and one that says whether it ends there; twice as many each time that some of them turn out to be gone or not
 * what is asked for.
 */
export async function listSessions(
  context: StoreContext,
  request: AdmittedListSessions,
): Promise<Answer<DriverPage<SessionHead, ListPosition>>> {
  const { limit, order, subject, direction } = request;
  const signal = context.connection.scope(request.signal);
  const next = order === "id" ? nextById : subject === undefined ? nextByTime : nextOfSubject;
  const items: SessionHead[] = [];
  let { after } = request;
  let looked = 0;
  for (let growth = 1; ; ) {
    let moved = false;
    if (next === nextByTime && !(await orderByLastWrite(context, request.tenant, signal))) {
      const start = { session: "~", updatedAt: direction === "forward" ? -latestTime : latestTime };
      return { ok: { items, next: after ?? start } };
    }
    const needed = (limit + 1 - items.length) * growth;
    const { places, more }: Places = await next(context, { ...request, after }, needed, signal);
    for (let from = 0; from < places.length; ) {
      const listed = items.length;
      const some = places.slice(from, from + Math.min(mostAtOnce, (limit + 1 - listed) * growth));
      const heads = await readHeads(context, request.tenant, some, signal);
      for (const [index, place] of some.entries()) {
        const head = heads[index];
        const wanted = head !== undefined && isWanted(head, place, request);
        if (wanted && items.length === limit) return { ok: { items, next: after } };
        if (wanted) items.push(head);
        if (head !== undefined && head.updatedAt > place.updatedAt) moved = true;
        after = place;
      }
      if (items.length - listed < some.length) growth *= 2;
      from += some.length;
      looked += some.length;
      if (looked >= limit + lookBudget) return { ok: { items, next: after } };
    }
    // Forward, what was written since its place was read comes behind all others, and so on the next page.
    if (!more && !(moved && next === nextByTime && direction === "forward")) return { ok: { items } };
  }
}

/** One that was written since its place was read has another place. */
function isWanted(
  head: SessionHead,
  place: ListPosition,
  { order, subject, prefix, idleSince }: AdmittedListSessions,
): boolean {
  return (
    (order === "id" || head.updatedAt === place.updatedAt) &&
    (subject === undefined || head.subject === subject) &&
    (prefix === undefined || head.session.startsWith(prefix)) &&
    (idleSince === undefined || head.updatedAt <= idleSince)
  );
}

async function readHeads(
  { connection, keys }: StoreContext,
  tenant: string,
  places: readonly ListPosition[],
  signal: AbortSignal | undefined,
): Promise<readonly (SessionHead | undefined)[]> {
  return await Promise.all(
    places.map(async ({ session }) => {
      const { log } = keys.session(tenant, session);
      const text = (await connection.read(log, ["LINDEX", log, "-1"], { signal })) as string | null;
      return text === null ? undefined : headOf(session, decodeHead(text));
    }),
  );
}
