import {
  type AdmittedListSessions,
  compareUtf8,
  encodeCursor,
  type Page,
  type SessionHead,
} from "@relevo/core";
import type { StoreContext } from "../context.ts";
import { buckets } from "../keys.ts";
import { decodeHead, headOf } from "./head-codec.ts";

/** Sessions that one call looks at beyond those it returns. */
const lookBudget = 2000;
const chunkSize = 200;

/** A merge of the tenant's buckets, each in the order of ids as bytes. A row is returned as its own head says. */
export async function listSessions(
  context: StoreContext,
  request: AdmittedListSessions,
  signal: AbortSignal | undefined,
): Promise<Page<SessionHead>> {
  const { limit, idleSince, subject } = request;
  const items: SessionHead[] = [];
  let after = request.after;
  let looked = 0;
  while (looked < limit + lookBudget) {
    const { ids, more } = await nextIds(context, request, after, signal);
    const heads = await readHeads(context, request.tenant, ids, signal);
    for (const [index, id] of ids.entries()) {
      looked++;
      const head = heads[index];
      if (head !== undefined && (subject === undefined || head.subject === subject)) {
        if (idleSince === undefined || head.updatedAt <= idleSince) {
          if (items.length === limit) return { items, cursor: encodeCursor("sessions", [after ?? id]) };
          items.push(head);
        }
      }
      after = id;
    }
    if (!more || after === undefined) return { items };
  }
  return after === undefined ? { items } : { items, cursor: encodeCursor("sessions", [after]) };
}

/** The next ids of all buckets together. Beyond what a bucket gave may be others, so the merge ends at its last. */
async function nextIds(
  { connection, keys }: StoreContext,
  { tenant, subject, prefix = "" }: AdmittedListSessions,
  after: string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly ids: readonly string[]; readonly more: boolean }> {
  const owner = subject === undefined ? "" : `${encodeURIComponent(subject)}\0`;
  const begins = owner + prefix;
  const afterCounts = after !== undefined && compareUtf8(after, prefix) >= 0;
  const low = afterCounts ? `(${owner}${after}` : begins === "" ? "-" : `[${begins}`;
  // No byte of UTF-8 is 0xff, so it stands behind everything that begins with the prefix.
  const high = begins === "" ? "+" : Buffer.concat([Buffer.from(`(${begins}`), Buffer.from([0xff])]);
  const lists = await Promise.all(
    Array.from({ length: buckets }, async (_, bucket) => {
      const names = keys.bucket(tenant, bucket);
      const key = subject === undefined ? names.sessions : names.subjects;
      const args = ["ZRANGEBYLEX", key, low, high, "LIMIT", "0", `${chunkSize}`];
      return (await connection.read(key, args, { signal })) as readonly string[];
    }),
  );
  let bound: string | undefined;
  for (const list of lists) {
    const last = list.at(-1);
    if (list.length < chunkSize || last === undefined) continue;
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
