import type { SessionHead } from "@relevo/core";
import {
  type AdmittedListSessions,
  type Answer,
  compareUtf8,
  type DriverPage,
  type ListPosition,
} from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { buckets } from "../keys.ts";
import { decodeHead, headOf } from "./head-codec.ts";

/** Sessions that one call looks at beyond those it returns. */
const lookBudget = 2000;
/** The most ids that are asked of a bucket, and heads that are read, at a time. */
const mostAtOnce = 1000;

/**
 * A merge of the tenant's buckets, each in the order of ids as bytes. A row is returned as its own head says. First as
 * many heads are read as the page has rows, and one that says whether it ends there; twice as many each time that some
 * of them turn out to be gone or not what is asked for.
 */
export async function listSessions(
  context: StoreContext,
  request: AdmittedListSessions,
): Promise<Answer<DriverPage<SessionHead, ListPosition>>> {
  const { limit, idleSince, subject } = request;
  const signal = context.connection.scope(request.signal);
  const items: SessionHead[] = [];
  let after = request.after?.session;
  let looked = 0;
  for (let growth = 1; ; ) {
    const needed = (limit + 1 - items.length) * growth;
    const { ids, more } = await nextIds(context, { ...request, after }, needed, signal);
    for (let from = 0; from < ids.length; ) {
      const listed = items.length;
      const some = ids.slice(from, from + Math.min(mostAtOnce, (limit + 1 - listed) * growth));
      const heads = await readHeads(context, request.tenant, some, signal);
      for (const [index, id] of some.entries()) {
        const head = heads[index];
        const wanted =
          head !== undefined &&
          (subject === undefined || head.subject === subject) &&
          (idleSince === undefined || head.updatedAt <= idleSince);
        if (wanted && items.length === limit) return { ok: { items, next: positionOf(after) } };
        if (wanted) items.push(head);
        after = id;
      }
      if (items.length - listed < some.length) growth *= 2;
      from += some.length;
      looked += some.length;
      if (looked >= limit + lookBudget) return { ok: { items, next: positionOf(after) } };
    }
    if (!more) return { ok: { items } };
  }
}

function positionOf(session: string | undefined): ListPosition | undefined {
  return session === undefined ? undefined : { session, updatedAt: 0 };
}

/** The next ids of all buckets together. Beyond what a bucket gave may be others, so the merge ends at its last. */
async function nextIds(
  { connection, keys }: StoreContext,
  {
    tenant,
    subject,
    prefix = "",
    after,
  }: Omit<AdmittedListSessions, "after"> & { readonly after: string | undefined },
  needed: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly ids: readonly string[]; readonly more: boolean }> {
  const owner = subject === undefined ? "" : `${encodeURIComponent(subject)}\0`;
  const begins = owner + prefix;
  const afterCounts = after !== undefined && compareUtf8(after, prefix) >= 0;
  const low = afterCounts ? `(${owner}${after}` : begins === "" ? "-" : `[${begins}`;
  // No byte of UTF-8 is 0xff, so it stands behind everything that begins with the prefix.
  const high = begins === "" ? "+" : Buffer.concat([Buffer.from(`(${begins}`), Buffer.from([0xff])]);
  // Ids are spread evenly, more or less: so many of each bucket are as many as are needed.
  const chunk = Math.min(mostAtOnce, Math.ceil((needed * 2) / buckets) + 10);
  const lists = await Promise.all(
    Array.from({ length: buckets }, async (_, bucket) => {
      const names = keys.bucket(tenant, bucket);
      const key = subject === undefined ? names.sessions : names.subjects;
      const args = ["ZRANGEBYLEX", key, low, high, "LIMIT", "0", `${chunk}`];
      return (await connection.read(key, args, { signal })) as readonly string[];
    }),
  );
  let bound: string | undefined;
  for (const list of lists) {
    const last = list.at(-1);
    if (list.length < chunk || last === undefined) continue;
    if (bound === undefined || compareUtf8(last, bound) < 0) bound = last;
  }
  const end = bound;
  const members = lists.flat().filter((member) => end === undefined || compareUtf8(member, end) <= 0);
  const ids = members.map((member) => member.slice(owner.length)).sort(compareUtf8);
  return { ids, more: end !== undefined };
}

async function readHeads(
  { connection, keys }: StoreContext,
  tenant: string,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly (SessionHead | undefined)[]> {
  return await Promise.all(
    ids.map(async (id) => {
      const { log } = keys.session(tenant, id);
      const text = (await connection.read(log, ["LINDEX", log, "-1"], { signal })) as string | null;
      return text === null ? undefined : headOf(id, decodeHead(text));
    }),
  );
}
