import { readAll } from "@relevo/core";
import type { Attempt, RunnerSettings } from "./attempt.ts";
import type { LogSnapshot } from "./log-snapshot.ts";
import type { ResolvedContext } from "./resolve-context.ts";
import type { RunningHandoff } from "./running-handoff.ts";

/**
 * Blanks the start when something that it repeats was erased between the reading and the start's append: that
 * erasure could not know of the start, and its content would live on in it. Whoever comes second looks back.
 * Costs nothing while nobody else writes, which the revision tells.
 */
export async function blankIfErasedMeanwhile(
  { log, report }: RunnerSettings,
  { address }: Attempt,
  handoff: RunningHandoff,
  snapshot: LogSnapshot | undefined,
  context: ResolvedContext,
): Promise<void> {
  const { started } = handoff;
  if (started === undefined || snapshot === undefined || context.derivedFrom.length === 0) return;
  if (started.revision === snapshot.revision + 1) return;
  try {
    for (const { from, to } of context.derivedFrom) {
      const window = { after: from - 1, before: to + 1, limit: 1000, retracted: "include" } as const;
      for await (const page of readAll(log, address, window)) {
        if (!page.some((event) => event.erasedAt !== undefined)) continue;
        const { firstSeq, incarnation } = started;
        await log.erase(address, { seqs: [{ from: firstSeq, to: firstSeq }], incarnation });
        return;
      }
    }
  } catch (error) {
    report(error, { phase: "erase", session: address });
  }
}
