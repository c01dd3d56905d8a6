import {
  type BelowPage,
  MemoryError,
  type ReadOptions,
  type ReadResult,
  type SessionAddress,
} from "@relevo/core";
import { rangesInclude } from "@relevo/core/input";
import type { FullLog } from "../../capabilities.ts";
import type { Mutant } from "../../harness.ts";
import { logMutant, without } from "../log-mutant.ts";

/** A mutant that answers something else below pages. */
function belowMutant(
  id: string,
  target: string,
  defect: string,
  change: (
    below: BelowPage,
    result: ReadResult,
    log: FullLog,
    address: SessionAddress,
  ) => BelowPage | Promise<BelowPage>,
): Mutant {
  return logMutant(id, target, defect, (log) => ({
    read: async (address, options) => {
      const result = await log.read(address, options);
      if (result.below === undefined) return result;
      return { ...result, below: await change(result.below, result, log, address) };
    },
  }));
}

const everything = { direction: "backward", limit: 1000 } as const satisfies ReadOptions;

/** The stores that the cases of what stands below a page must catch. */
export const belowPageMutants: readonly Mutant[] = [
  belowMutant(
    "pinned-below-repeats-the-page",
    "log/read-answers-pinned-below",
    "pinned messages of the page are answered below it too",
    async (below, _result, log, address) => {
      const { events } = await log.read(address, { types: ["message"], pinned: true });
      return { ...below, pinned: events.filter(({ erasedAt }) => erasedAt === undefined) };
    },
  ),
  belowMutant(
    "pinned-below-holds-the-retracted",
    "log/read-answers-pinned-below",
    "retracted pinned messages are answered below a page",
    async ({ pinned = [], ...below }, result, log, address) => {
      const from = result.events.at(-1)?.seq ?? result.version + 1;
      const retracted = await log.read(address, { types: ["message"], pinned: true, retracted: "only" });
      const all = [...pinned, ...retracted.events.filter(({ seq }) => seq < from)];
      return { ...below, pinned: all.toSorted((left, right) => left.seq - right.seq) };
    },
  ),
  belowMutant(
    "pinned-below-is-newest-first",
    "log/read-answers-pinned-below",
    "pinned messages below a page come newest first",
    (below) => ({ ...below, ...(below.pinned && { pinned: below.pinned.toReversed() }) }),
  ),
  belowMutant(
    "summaries-stay-in-force",
    "log/read-answers-summaries-in-force",
    "a summary stays in force when a later one continues it",
    async (below, result, log, address) => {
      const from = result.events.at(-1)?.seq ?? result.version + 1;
      const { events } = await log.read(address, { ...everything, types: ["summary"] });
      const summaries = events.filter(({ seq, erasedAt }) => seq < from && erasedAt === undefined);
      return { ...below, summaries: summaries.toReversed() };
    },
  ),
  belowMutant(
    "summary-is-superseded-for-good",
    "log/read-answers-summaries-in-force",
    "a summary that was once continued stays out of force when the one that continued it is retracted",
    async (below, _result, log, address) => {
      const { events } = await log.read(address, { ...everything, types: ["summary"], retracted: "include" });
      const isNamed = (seq: number): boolean =>
        events.some(({ derivedFrom }) => derivedFrom !== undefined && rangesInclude(derivedFrom, seq));
      return { ...below, summaries: (below.summaries ?? []).filter(({ seq }) => !isNamed(seq)) };
    },
  ),
  belowMutant(
    "page-hides-what-it-supersedes",
    "log/read-answers-summaries-in-force",
    "a summary in the page does not supersede those below it",
    async (below, result, log, address) => {
      const from = result.events.at(-1)?.seq ?? result.version + 1;
      const { events } = await log.read(address, { ...everything, types: ["summary"] });
      const lower = events.filter(({ seq, erasedAt }) => seq < from && erasedAt === undefined);
      const named = (seq: number): boolean =>
        lower.some(({ derivedFrom }) => derivedFrom !== undefined && rangesInclude(derivedFrom, seq));
      return { ...below, summaries: lower.filter(({ seq }) => !named(seq)).toReversed() };
    },
  ),
  logMutant(
    "below-is-read-after-the-page",
    "log/read-below-is-one-moment",
    "what stands below a page is read after it, when others have written",
    (log) => ({
      read: async (address, options = {}) => {
        const result = await log.read(address, options);
        if (options.below === undefined) return result;
        // As long as it takes for another append to be seen: the next read of a busy log.
        let later = await log.read(address, options);
        for (let looks = 0; looks < 50 && later.version === result.version; looks++)
          later = await log.read(address, options);
        return later.below === undefined ? result : { ...result, below: later.below };
      },
    }),
  ),
  belowMutant(
    "more-is-not-told",
    "log/read-below-is-bounded",
    "a bound that was reached below a page is not told",
    (below) => without(below, "morePinned", "moreSummaries"),
  ),
  belowMutant(
    "oldest-pinned-come",
    "log/read-below-is-bounded",
    "of many pinned messages below a page the oldest are answered",
    async (below, _result, log, address) => {
      if (below.morePinned === undefined) return below;
      const { events } = await log.read(address, { types: ["message"], pinned: true, limit: 100 });
      return { ...below, pinned: events };
    },
  ),
  logMutant(
    "below-is-dropped-in-silence",
    "log/read-below-needs-the-newest-page",
    "`below` is left out where it cannot be answered",
    (log) => ({
      read: async (address, options = {}) => {
        try {
          return await log.read(address, options);
        } catch (error) {
          if (!MemoryError.isInstance(error, "invalid-input")) throw error;
          return log.read(address, without(options, "below"));
        }
      },
    }),
  ),
];
