import { MemoryError, type RecallQuery, type RecallResult } from "@relevo/core";
import type { Runtime } from "../runtime.ts";
import type { Session } from "../session/session.ts";
import { recordRecall } from "./record-recall.ts";

/** What `tenant.search` promises; recorded with the session when it is for one. @throws `unsupported` without a recall. */
export async function searchIn(
  runtime: Runtime,
  tenant: string,
  query: RecallQuery,
  session?: Session,
): Promise<RecallResult> {
  const { recall } = runtime;
  if (recall === undefined)
    throw new MemoryError("unsupported", "This memory has no recall. Pass createMemory({ recall }).");
  const result = await recall.search(tenant, query);
  await recordRecall(runtime, tenant, query, result, session);
  return result;
}
