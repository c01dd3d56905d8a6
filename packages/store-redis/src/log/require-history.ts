import type { StoreContext } from "../context.ts";
import type { SessionKeys } from "../keys.ts";
import { checkHistory } from "../scripts/scripts.generated.ts";
import { requireDone } from "./status.ts";

/** A session that is not there was never made, has ended, or was lost. @throws `history-lost` for the last. */
export async function requireHistory(
  { connection }: StoreContext,
  keys: SessionKeys,
  signal: AbortSignal | undefined,
): Promise<void> {
  requireDone(await connection.script(checkHistory, keys, {}, { signal }));
}
