import { historyLost } from "@relevo/core/input";
import { defineScript, type Script } from "../connection/connection.ts";
import type { StoreContext } from "../context.ts";
import type { SessionKeys } from "../keys.ts";
import { prelude } from "../scripts/prelude.ts";

const markScript: Script = defineScript(
  `${prelude}
local mark = redis.call('HGET', OPS, '')
if not mark or redis.call('EXISTS', LOG) == 1 then return 0 end
local inc, bound = string.match(mark, '^([^|]*)|(%d+)|')
if inc == '' then return 0 end
if bound == '0' or now < tonumber(bound) then return 1 end
return 0
`,
  false,
);

/** A session that is not there was never made, has ended, or was lost. @throws `history-lost` for the last. */
export async function requireHistory(
  { connection }: StoreContext,
  keys: SessionKeys,
  signal: AbortSignal | undefined,
): Promise<void> {
  if ((await connection.script(markScript, [keys.log, keys.operations], [], { signal })) === 1) {
    throw historyLost("evicted");
  }
}
