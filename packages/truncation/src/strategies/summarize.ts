import { type Clock, type Summarizer, systemClock, type TokenCounter } from "@relevo/core";
import {
  admitFields,
  admitInteger,
  type FieldTable,
  fieldTable,
  refuse,
  requireObject,
} from "@relevo/core/input";
import { firstSeq } from "@relevo/messages";
import type { History } from "../history/history.ts";
import { TokenMeter } from "../view/token-meter.ts";
import { anchorOf, type ViewState } from "../view/view-state.ts";
import { admitCounter } from "./admit-counter.ts";
import { chooseCut, type Scale } from "./choose-cut.ts";
import { Compaction } from "./compaction.ts";
import { pageOf } from "./first-page.ts";
import { withoutQuestions } from "./questions.ts";
import { type Strategy, strategyOf } from "./strategy.ts";
import type { AdmittedAmount, Plan, SummarizeSettings } from "./summarize-settings.ts";
import { SummarizerBackoff } from "./summarizer-backoff.ts";

/** An amount of messages or tokens; pinned messages do not count. */
export type Amount =
  | { readonly messages: number; readonly tokens?: never }
  | { readonly tokens: number; readonly messages?: never };

export interface SummarizeOptions {
  /** A summary is made when more than this is not covered by one. */
  readonly trigger: Amount;
  /** At most this much is kept unchanged, in whole groups: at least the last one and the user message before it. */
  readonly keep: Amount;
  readonly summarizer: Summarizer;
  /** The most tokens of a summary; 1,000 when left out. */
  readonly maxTokens?: number | undefined;
  /** How many messages after the covered ones the summarizer sees as well; 0 when left out. */
  readonly overlap?: number | undefined;
  /** The longest that one call of the summarizer may take; 30,000 when left out. */
  readonly timeoutMs?: number | undefined;
  /** The most messages in one call of the summarizer, unless one group has more; 200 when left out. */
  readonly chunkMessages?: number | undefined;
  /** The most tokens in one call of the summarizer, unless one group has more; 16,000 when left out. */
  readonly chunkTokens?: number | undefined;
  /**
   * How long a failed summarizer is not called again for the same session by this process; doubled with each failure,
   * up to 32 times this. 10,000 when left out.
   */
  readonly retryAfterMs?: number | undefined;
  /** The clock for that; the system clock when left out. */
  readonly clock?: Clock | undefined;
  /** `estimateCounter()` when left out. */
  readonly counter?: TokenCounter | undefined;
}

const fields: FieldTable = fieldTable<SummarizeOptions>({
  trigger: "selects",
  keep: "selects",
  summarizer: "selects",
  maxTokens: "refines",
  overlap: "refines",
  timeoutMs: "refines",
  chunkMessages: "refines",
  chunkTokens: "refines",
  retryAfterMs: "refines",
  clock: "refines",
  counter: "refines",
});
const amountFields: FieldTable = fieldTable<Amount>({ messages: "selects", tokens: "selects" });

/**
 * Shows a summary instead of old messages. Nothing is deleted: the summary is an event that names the messages it
 * covers, and `expand` returns the originals. When one of them is erased or retracted, the summary goes with it and a
 * new one is made.
 *
 * A summary is made within `view` when the trigger is exceeded, and continues the previous one. When several processes
 * do so at once, one of them appends it and all show that one. When a summarizer throws, times out or returns nothing,
 * the messages stay in the view, however many they are, `notices` says why, and the summarizer is not called again for
 * `retryAfterMs`. Combine it with a `tokenBudget` after it, by `compose`. For a plain array, and where nothing can be
 * written, the summary is made for this view only.
 *
 * One view makes at most ten calls of the summarizer; for a longer history the next view continues.
 *
 * @throws `invalid-input` that names the option.
 * @example
 * ```ts
 * const view = compose(
 *   summarize({ trigger: { messages: 60 }, keep: { messages: 30 }, summarizer: extractiveSummarizer() }),
 *   tokenBudget({ maxTokens: 8000 }),
 * );
 * ```
 */
export function summarize(given: SummarizeOptions): Strategy {
  const options = admitFields(given, "options", fields);
  const trigger = admitAmount(options.trigger, "options.trigger");
  const keep = admitAmount(options.keep, "options.keep");
  if (trigger.unit === keep.unit && keep.amount >= trigger.amount)
    throw refuse("options.keep", "must be less than the trigger, or each view would make a summary.");
  const { summarizer } = options;
  requireObject(summarizer, "options.summarizer");
  if (typeof summarizer.summarize !== "function" || typeof summarizer.name !== "string")
    throw refuse("options.summarizer", "must have a name and a function summarize().");
  const { maxTokens = 1000, overlap = 0, timeoutMs = 30_000, clock = systemClock } = options;
  const { chunkMessages = 200, chunkTokens = 16_000, retryAfterMs = 10_000 } = options;
  requireObject(clock, "options.clock");
  if (typeof clock.now !== "function") throw refuse("options.clock", "must have a function now().");
  const settings: SummarizeSettings = {
    name: `summarize(trigger=${trigger.amount} ${trigger.unit}, keep=${keep.amount} ${keep.unit}, ${summarizer.name})`,
    trigger,
    keep,
    summarizer,
    maxTokens: admitInteger(maxTokens, "options.maxTokens", 1),
    overlap: admitInteger(overlap, "options.overlap", 0),
    timeoutMs: admitInteger(timeoutMs, "options.timeoutMs", 1, longestTimer),
    chunkMessages: admitInteger(chunkMessages, "options.chunkMessages", 1),
    chunkTokens: admitInteger(chunkTokens, "options.chunkTokens", 1),
    backoff: new SummarizerBackoff(
      clock,
      admitInteger(retryAfterMs, "options.retryAfterMs", 0, longestTimer),
    ),
    counter: admitCounter(options.counter, "options.counter"),
  };
  return strategyOf({
    name: settings.name,
    stages: [(state) => compact(state, settings)],
    firstPage: pageOf(trigger.amount, trigger.unit),
    readsSummaries: true,
  });
}

/** The longest delay of a timer. */
const longestTimer = 2 ** 31 - 1;

function admitAmount(input: Amount, field: string): AdmittedAmount {
  const { messages, tokens } = admitFields(input, field, amountFields);
  if ((messages === undefined) === (tokens === undefined))
    throw refuse(field, "must have either messages or tokens.");
  const unit = messages === undefined ? "tokens" : "messages";
  return { unit, amount: admitInteger(messages ?? tokens, `${field}.${unit}`, 1) };
}

async function compact(state: ViewState, settings: SummarizeSettings): Promise<void> {
  state.meter = new TokenMeter(settings.counter);
  await new Compaction(state, settings).run(() => plan(state, settings));
}

function plan(state: ViewState, { trigger, keep }: SummarizeSettings): Plan | undefined {
  const { history } = state;
  const meter = state.meter as TokenMeter;
  if (sizeOf(history, scaleOf(trigger, meter)) <= trigger.amount) return undefined;
  const { group } = chooseCut(history, scaleOf(keep, meter), 0, true);
  if (group === undefined) return undefined;
  const cut = firstSeq(group);
  const anchor = anchorOf(history.groups, cut);
  const below = history.groups.filter((one) => !one.pinned && one !== anchor && firstSeq(one) < cut);
  // A message in two groups stays with the group that stays, and is not summarized.
  const going = withoutQuestions(history.grouping, below);
  const goes = new Set(going);
  const staying = new Set(history.groups.flatMap((one) => (goes.has(one) ? [] : one.entries)));
  const covered = going.filter(({ entries }) => entries.some((entry) => !staying.has(entry)));
  const late = history.grouping.leftovers.flatMap(({ entry, reason }) =>
    reason === "orphan-result" && entry.seq < cut && !entry.pinned ? [entry] : [],
  );
  return covered.length === 0 ? undefined : { covered, late, cut };
}

function sizeOf(history: History, scale: Scale): number {
  return history.groups.reduce((sum, group) => sum + (group.pinned ? 0 : scale.sizeOf(group)), 0);
}

function scaleOf({ unit, amount }: AdmittedAmount, meter: TokenMeter): Scale {
  return {
    low: Math.ceil(amount / 2),
    high: amount,
    sizeOf: unit === "tokens" ? (group) => meter.ofGroup(group) : (group) => group.messages.length,
    openerSize: 0,
    oldest: true,
  };
}
