import { MemoryError, type RecallQuery, type RecallResult } from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import type { Session } from "../session/session.ts";
import { searchByImportance } from "./rank-by-importance.ts";
import { recordRecall } from "./record-recall.ts";

/** As in `createRecall`. */
const mostWeight = 100;

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
  const search = (asked: RecallQuery): Promise<RecallResult> => recall.search(tenant, asked);
  const isRanked = runtime.ranksByImportance && mayRank(query);
  const result = await (isRanked ? searchByImportance(runtime, tenant, query, search) : search(query));
  await recordRecall(runtime, tenant, query, result, session);
  return result;
}

/** What else is given for these two the recall refuses. */
function mayRank({ importance = 0, limit = 10 }: RecallQuery): boolean {
  return (
    importance > 0 && importance <= mostWeight && Number.isInteger(limit) && limit > 0 && limit <= maxPageSize
  );
}
