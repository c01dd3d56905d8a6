import type { LeaseDriver } from "@relevo/core/store";
import { answerOf, refusalOf, replyOf } from "./answers.ts";
import type { StoreContext } from "./context.ts";
import * as scripts from "./scripts/scripts.generated.ts";

/** Who waits looks this often, since a release is not announced. In milliseconds. */
const pollMs = 25;

/** The leases. All time is the server's. */
export function createLeaseDriver({ connection, sessionKeys }: StoreContext): LeaseDriver {
  return {
    pollMs,

    async acquire({ address, ttlMs, takeOver }) {
      const values = { ttl: ttlMs, takeOver };
      const answer = await connection.script(scripts.acquire, sessionKeys(address), values);
      const [status, fence, expiresAt, leftMs] = replyOf(answer) as unknown as [
        string,
        number,
        number,
        number,
      ];
      if (status === "held") return { refused: "held", fence, expiresAt, leftMs };
      return { ok: { fence, expiresAt } };
    },

    async renew({ address, fence, ttlMs, signal }) {
      const values = { token: fence, ttl: ttlMs };
      const settings = { signal, repeatable: true };
      const reply = replyOf(await connection.script(scripts.renew, sessionKeys(address), values, settings));
      return refusalOf(reply) ?? { ok: { fence, expiresAt: Number(reply[2]) } };
    },

    async holder({ address, signal }) {
      const answer = await connection.script(scripts.holder, sessionKeys(address), {}, { signal });
      return answerOf(answer, ([, fence, expiresAt]) => ({
        fence: Number(fence),
        expiresAt: Number(expiresAt),
      }));
    },

    async release({ address, fence, signal }) {
      const settings = { signal, repeatable: true };
      return answerOf(
        await connection.script(scripts.release, sessionKeys(address), { token: fence }, settings),
        () => undefined,
      );
    },
  };
}
