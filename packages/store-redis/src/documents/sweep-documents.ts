import type { StoreContext } from "../context.ts";
import { sweepAlone, sweepInSession } from "../scripts/documents.ts";

const sweepChunk = 100;

/** Removes at most `limit` expired documents of a tenant's bucket, with what points at them. Returns how many. */
export async function sweepDocuments(
  context: StoreContext,
  tenant: string,
  bucket: number,
  limit: number,
  now: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { connection, keys } = context;
  const { documents, documentsDue } = keys.bucket(tenant, bucket);
  const settings = { signal, repeatable: true };
  let count = 0;
  while (count < limit) {
    const most = Math.min(sweepChunk, limit - count);
    const gone = Number(await connection.script(sweepAlone, documents, [`${most}`], settings));
    count += gone;
    if (gone < most) break;
  }
  for (let before: string | undefined; count < limit; ) {
    const args = ["ZRANGEBYSCORE", documentsDue, "-inf", `${now}`, "LIMIT", "0", "1"];
    const [session] = (await connection.read(documentsDue, args, { signal })) as readonly string[];
    if (session === undefined) break;
    const most = Math.min(sweepChunk, limit - count);
    const { all } = keys.session(tenant, session);
    const gone = Number(await connection.script(sweepInSession, all, [session, `${most}`], settings));
    // The same one again for nothing: the server's clock has been set back.
    if (gone === 0 && session === before) break;
    count += gone;
    before = session;
  }
  return count;
}
