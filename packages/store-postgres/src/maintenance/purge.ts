import type { SessionAddress } from "@relevo/core";
import type { StoreContext } from "../context.ts";
import { asText } from "../schema/sql-text.ts";

/** How many events one statement removes. */
const purgeBatch = 2000;

/**
 * Removes what an ended incarnation holds, in batches, for as long as half a call may take. Nothing of it can be read
 * any more, so what is left then, or fails, is left to `maintenance.expire`.
 */
export async function purgeEnded(
  context: StoreContext,
  { tenant, session }: SessionAddress,
  generation: string,
  signal?: AbortSignal,
): Promise<void> {
  const { database, lockTimeoutMs, timeoutMs } = context;
  const end = performance.now() + timeoutMs / 2;
  try {
    while (performance.now() < end && signal?.aborted !== true) {
      const [row] = await database.call<{ readonly removed: string }>(
        {
          name: "purge_events",
          text: `select ${asText("p.removed")} as removed
from (
  select set_config('relevo.tenant', $1, true) as tenant, set_config('lock_timeout', $5, true) offset 0
) as scope
cross join lateral ${database.schema}.purge_generation(
  p_tenant => scope.tenant, p_session => $2, p_generation => $3, p_limit => $4
) as p (removed)`,
          values: [tenant, session, generation, purgeBatch, lockTimeoutMs],
        },
        { effect: "repeatable" },
      );
      if (Number(row?.removed ?? 0) < purgeBatch) return;
    }
  } catch (error) {
    context.onError(error);
  }
}
