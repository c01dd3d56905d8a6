import { replyOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { isUnit } from "../feed-driver.ts";
import { type BucketKeys, buckets } from "../keys.ts";
import { listWritten, writtenSinceListed } from "../scripts/scripts.generated.ts";
import { decodeHead } from "./head-codec.ts";

/** No time is later, and none earlier than as much before 1970 (the range of an ECMAScript `Date`). */
export const latestTime = 8.64e15;
/** Sessions that are put in their place by one script. */
const stepSize = 500;
/** Steps of one call in each bucket. */
const mostSteps = 8;

/**
 * Brings the index of last writes up to date: a write only marks its session, because an index more would cost each of
 * them. Everything that was acknowledged before the call is then in its place. Safe beside writers and
 * other lists; what one call has done, the next has not to do.
 *
 * @returns false when there is more than one call does, which leaves the order incomplete.
 */
export async function orderByLastWrite(
  context: StoreContext,
  tenant: string,
  signal: AbortSignal,
): Promise<boolean> {
  const done = await Promise.all(
    Array.from({ length: buckets }, (_, bucket) =>
      orderBucket(context, tenant, context.keys.bucket(tenant, bucket), signal),
    ),
  );
  return done.every(Boolean);
}

async function orderBucket(
  context: StoreContext,
  tenant: string,
  keys: BucketKeys,
  signal: AbortSignal,
): Promise<boolean> {
  const { connection } = context;
  for (let step = 0; step < mostSteps; step++) {
    const [from, found] = (await connection.script(
      writtenSinceListed,
      keys,
      { limit: `${stepSize}` },
      { signal, repeatable: true },
    )) as [string, readonly string[]];
    const to = found.at(-1);
    if (to === undefined) return true;
    const places = await Promise.all(
      Array.from({ length: found.length / 2 }, (_, index) =>
        placeOf(context, tenant, found[index * 2] ?? "", found[index * 2 + 1] ?? "", signal),
      ),
    );
    const written = places.filter((place) => place !== undefined);
    const settings = { signal, repeatable: true };
    const [done] = replyOf(await connection.script(listWritten, keys, { from, to, written }, settings));
    // The last session has ended meanwhile, or this step was the last.
    if (done === "none" || found.length < stepSize * 2) return true;
  }
  return false;
}

interface WrittenSession {
  readonly session: string;
  readonly position: string;
  readonly updatedAt: string;
}

/** Nothing for what is no session any more, and for what the store notes among the changes for itself. */
async function placeOf(
  { connection, keys }: StoreContext,
  tenant: string,
  session: string,
  position: string,
  signal: AbortSignal,
): Promise<WrittenSession | undefined> {
  if (!isUnit(session)) return undefined;
  const { log } = keys.session(tenant, session);
  const text = (await connection.read(log, ["LINDEX", log, "-1"], { signal })) as string | null;
  return text === null ? undefined : { session, position, updatedAt: timeOf(text, position) };
}

/** One whose head cannot be read stands where it was written, for the page it is on to say so. */
function timeOf(head: string, position: string): string {
  try {
    return `${decodeHead(head).updatedAt}`;
  } catch {
    return `${Math.floor(Number(position) / 1000)}`;
  }
}
