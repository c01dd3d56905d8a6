import { compareUtf8 } from "@relevo/core/input";
import type { AdmittedListSessions, ListPosition } from "@relevo/core/store";
import type { RedisArgument } from "../connection/client.ts";
import type { StoreContext } from "../context.ts";
import { type BucketKeys, buckets } from "../keys.ts";
import { placesByTime } from "../scripts/scripts.generated.ts";
import { decodeHead } from "./head-codec.ts";

/** The most places that are asked of a bucket at a time. */
const mostAtOnce = 1000;

/** The next places of a list, as indexes say; `more` when there may be others behind them. */
export interface Places {
  readonly places: readonly ListPosition[];
  readonly more: boolean;
}

type Compare = (left: ListPosition, right: ListPosition) => number;

const byId: Compare = (left, right) => compareUtf8(left.session, right.session);
const byTime: Compare = (left, right) => left.updatedAt - right.updatedAt || byId(left, right);

function directed(compare: Compare, direction: "forward" | "backward"): Compare {
  return direction === "forward" ? compare : (left, right) => compare(right, left);
}

/** Ids are spread evenly, more or less: so many of each bucket are as many as are needed. */
function chunkOf(needed: number): number {
  return Math.min(mostAtOnce, Math.ceil((needed * 2) / buckets) + 10);
}

/** Behind the end of a full list may be others, so the merge ends at the first such end. */
function merge(
  lists: readonly { readonly places: readonly ListPosition[]; readonly full: boolean }[],
  compare: Compare,
): Places {
  let end: ListPosition | undefined;
  for (const { places, full } of lists) {
    const last = places.at(-1);
    if (full && last !== undefined && (end === undefined || compare(last, end) < 0)) end = last;
  }
  const bound = end;
  const all = lists.flatMap(({ places }) => places);
  const places = bound === undefined ? all : all.filter((place) => compare(place, bound) <= 0);
  return { places: places.sort(compare), more: bound !== undefined };
}

function eachBucket<Result>(
  { keys }: StoreContext,
  tenant: string,
  work: (keys: BucketKeys) => Promise<Result>,
): Promise<readonly Result[]> {
  return Promise.all(Array.from({ length: buckets }, (_, bucket) => work(keys.bucket(tenant, bucket))));
}

/** In the order of ids, of all sessions or those of a subject. */
export async function nextById(
  context: StoreContext,
  { tenant, subject, prefix = "", after, direction }: AdmittedListSessions,
  needed: number,
  signal: AbortSignal | undefined,
): Promise<Places> {
  const forward = direction === "forward";
  const owner = subject === undefined ? "" : `${encodeURIComponent(subject)}\0`;
  const begins = owner + prefix;
  let low: RedisArgument = begins === "" ? "-" : `[${begins}`;
  // No byte of UTF-8 is 0xff, so it stands behind everything that begins with the prefix.
  let high: RedisArgument =
    begins === "" ? "+" : Buffer.concat([Buffer.from(`(${begins}`), Buffer.from([0xff])]);
  if (after !== undefined) {
    const { session } = after;
    const isBehind = compareUtf8(session, prefix) >= 0;
    const isBeyond = isBehind && !session.startsWith(prefix);
    if (forward && isBehind) low = `(${owner}${session}`;
    if (!forward && !isBehind) return { places: [], more: false };
    if (!forward && !isBeyond) high = `(${owner}${session}`;
  }
  const chunk = chunkOf(needed);
  const lists = await eachBucket(context, tenant, async ({ sessions, subjects }) => {
    const key = subject === undefined ? sessions : subjects;
    const range: RedisArgument[] = forward
      ? ["ZRANGEBYLEX", key, low, high]
      : ["ZREVRANGEBYLEX", key, high, low];
    const args = [...range, "LIMIT", "0", `${chunk}`];
    const members = (await context.connection.read(key, args, { signal })) as readonly string[];
    const places = members.map((member) => ({ session: member.slice(owner.length), updatedAt: 0 }));
    return { places, full: members.length === chunk };
  });
  return merge(lists, directed(byId, direction));
}

/** In the order of last writes. */
export async function nextByTime(
  context: StoreContext,
  { tenant, after, direction, idleSince }: AdmittedListSessions,
  needed: number,
  signal: AbortSignal | undefined,
): Promise<Places> {
  const forward = direction === "forward";
  const compare = directed(byTime, direction);
  const newest = idleSince === undefined ? "+inf" : `${idleSince}`;
  const [from, to] = forward ? ["-inf", newest] : [newest, "-inf"];
  const start = after === undefined ? from : `${after.updatedAt}`;
  const chunk = chunkOf(needed);
  const lists = await eachBucket(context, tenant, async ({ updated }) => {
    // Sessions of the same millisecond may stand before the place.
    for (let offset = 0; ; offset += chunk) {
      const values = { backward: !forward, from: start, to, offset: `${offset}`, limit: `${chunk}` };
      const flat = (await context.connection.script(placesByTime, { index: updated }, values, {
        signal,
      })) as readonly string[];
      const places = pairsOf(flat).filter((place) => after === undefined || compare(place, after) > 0);
      const full = flat.length === chunk * 2;
      if (places.length > 0 || !full) return { places, full };
    }
  });
  return merge(lists, compare);
}

/** The sessions of an index with their scores; NUL is none. */
export function pairsOf(flat: readonly string[]): readonly ListPosition[] {
  const places: ListPosition[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const session = flat[index] ?? "";
    if (session !== "\0") places.push({ session, updatedAt: Number(flat[index + 1]) });
  }
  return places;
}

/** In the order of last writes, of one subject: the index has its sessions, their heads have the times. */
export async function nextOfSubject(
  context: StoreContext,
  request: AdmittedListSessions,
  needed: number,
  signal: AbortSignal | undefined,
): Promise<Places> {
  const { tenant, after, direction } = request;
  const compare = directed(byTime, direction);
  const places: ListPosition[] = [];
  for (let place: ListPosition | undefined, more = true; more; ) {
    const ids: Places = await nextById(
      context,
      { ...request, after: place, direction: "forward" },
      mostAtOnce,
      signal,
    );
    for (const { session } of ids.places) {
      const { log } = context.keys.session(tenant, session);
      const text = (await context.connection.read(log, ["LINDEX", log, "-1"], { signal })) as string | null;
      if (text !== null) places.push({ session, updatedAt: decodeHead(text).updatedAt });
    }
    place = ids.places.at(-1);
    more = ids.more && place !== undefined;
  }
  const behind = places.filter((place) => after === undefined || compare(place, after) > 0).sort(compare);
  return { places: behind.slice(0, needed), more: behind.length > needed };
}
