import { replyOf } from "./answers.ts";
import type { StoreContext } from "./context.ts";
import {
  lookAtBucket,
  sweepAlone,
  sweepChanges,
  sweepInSession,
  sweepSession,
} from "./scripts/scripts.generated.ts";

/** Sessions, or documents of a unit, that are looked after in one step. */
const chunk = 100;

/** What may still be removed, shared by buckets that are swept at the same time. */
export class Allowance {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  get left(): number {
    return this.#left;
  }

  /** Reserves as many of these as there still may be. */
  take(count: number): number {
    const taken = Math.min(count, this.#left);
    this.#left -= taken;
    return taken;
  }

  giveBack(count: number): void {
    this.#left += count;
  }
}

export interface Swept {
  readonly sessions: number;
  readonly documents: number;
  /** Whether there may be more that another look can remove. */
  readonly more: boolean;
  /** Whether the bucket has nothing at all. */
  readonly empty: boolean;
}

/** Removes what has expired in a tenant's bucket, some at a time. One look, and no more, where nothing has. */
export async function sweepBucket(
  context: StoreContext,
  { tenant, bucket }: { readonly tenant: string; readonly bucket: number },
  allowance: Allowance,
  signal: AbortSignal | undefined,
): Promise<Swept> {
  const { connection, keys } = context;
  const bucketKeys = keys.bucket(tenant, bucket);
  const settings = { signal, repeatable: true };
  const [expired, due, owners, broken, empty, untold] = (await connection.script(
    lookAtBucket,
    bucketKeys,
    { limit: `${chunk}` },
    settings,
  )) as [readonly string[], number, readonly string[], number, number, number];

  let full = expired.length === chunk || owners.length === chunk;
  let starved = false;
  /** Runs what removes at most as many as it is given, and counts them. */
  const removing = async (most: number, run: (most: number) => Promise<number>): Promise<number> => {
    const taken = allowance.take(most);
    if (taken < most) starved = true;
    if (taken === 0) return 0;
    const gone = await run(taken);
    allowance.giveBack(taken - gone);
    if (most === chunk && gone >= taken) full = true;
    return gone;
  };

  const sessions = await removing(expired.length, async (most) => {
    const ended = await Promise.all(
      expired.slice(0, most).map((id) => {
        return connection.script(sweepSession, keys.session(tenant, id), { session: id }, settings);
      }),
    );
    return ended.reduce<number>((sum, one) => sum + Number(one), 0);
  });
  let documents = 0;
  if (due > 0 || broken === 1)
    documents += await removing(chunk, async (most) => {
      return countOf(await connection.script(sweepAlone, bucketKeys, { limit: most }, settings));
    });
  for (const session of owners)
    documents += await removing(chunk, async (most) => {
      const sessionKeys = keys.session(tenant, session);
      return countOf(
        await connection.script(sweepInSession, sessionKeys, { session, limit: most }, settings),
      );
    });
  if (untold === 1) replyOf(await connection.script(sweepChanges, bucketKeys, {}, settings));
  // Nothing gone from much: the server's clock has been set back, and another look would find the same.
  const more = starved || (full && sessions + documents > 0);
  return { sessions, documents, more, empty: empty === 1 };
}

function countOf(answer: unknown): number {
  return Number(replyOf(answer)[1]);
}
