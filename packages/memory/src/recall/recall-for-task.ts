import {
  type CallOptions,
  type MissingPart,
  type RecalledBlock,
  type RecallHit,
  renderRecalled,
} from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import type { Session } from "../session/session.ts";
import { searchIn } from "./search.ts";

/** What was recalled for a task. */
export interface RecalledContext extends RecalledBlock {
  /** What the search had to do without. */
  readonly missing: readonly MissingPart[];
}

export interface TaskOptions extends CallOptions {
  readonly task: string;
  /** How many texts. */
  readonly texts: number;
  readonly maxTokens: number;
  /** The session's newest messages, which are shown anyway. */
  readonly shown: readonly { readonly seq: number }[];
  /** Whose texts; everybody's when left out. */
  readonly user: string | undefined;
}

/** What fits a task, as a block that is not larger than the tokens allow. */
export async function recallForTask(
  runtime: Runtime,
  tenant: string,
  session: Session | undefined,
  { task, texts, maxTokens, shown, user, signal }: TaskOptions,
): Promise<RecalledContext> {
  const { hits, missing } = await searchIn(
    runtime,
    tenant,
    // So many more as may be left out because they are shown.
    {
      text: task,
      limit: Math.min(maxPageSize, texts + shown.length),
      signal,
      ...(user === undefined ? {} : { users: [user] }),
    },
    session,
  );
  const seqs = new Set(shown.map(({ seq }) => seq));
  const isShown = ({ source }: RecallHit): boolean =>
    source.kind === "event" && source.session === session?.id && seqs.has(source.seq);
  const wanted = hits.filter((hit) => !isShown(hit)).slice(0, texts);
  runtime.uses?.noteFound(tenant, wanted);
  return { ...renderRecalled(wanted, { maxTokens, counter: runtime.counter }), missing };
}
