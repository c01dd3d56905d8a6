import {
  type CallOptions,
  type DroppedRange,
  MemoryError,
  type SeqRange,
  type StoredEventOf,
  type View,
  type ViewAllowance,
  type ViewSource,
  type ViewStrategy,
} from "@relevo/core";
import {
  createRangeSet,
  type LiveSummary,
  liveSummaryOf,
  normalizeRanges,
  rangesOf,
} from "@relevo/core/input";
import { hasMessage } from "../session/read-events.ts";
import { callsOf, isReasoningAlone, resultsOf } from "../session/tool-groups.ts";

const page = 1000;
/** Few, because a bound is often smaller than a page of messages. */
const boundedPage = 64;

/**
 * Shows every effective message as it is, or the newest that fit, and the summary of those that retention has removed. What
 * a session's view is when no strategy was chosen.
 */
export function wholeView(isBounded: boolean): ViewStrategy {
  return {
    name: "whole",
    reads: { messages: isBounded ? boundedPage : page },
    view: async (source, { within, signal } = {}) =>
      within === undefined ? showAll(source, { signal }) : showNewest(source, within, { signal }),
  };
}

type Said = StoredEventOf<"message">;
type Cost = (event: Said) => number;

/**
 * The log backward, in pages. Summaries of what was removed are put into `newestReplaced`; what they cover is left
 * out, because both are there between the summary and the removal.
 */
async function* backward(
  source: ViewSource,
  limit: number,
  newestReplaced: LiveSummary[],
  call: CallOptions,
) {
  const covered = createRangeSet();
  for (let before: number | undefined; ; ) {
    const events = await source.readBackward({ limit, before, ...call });
    for (const event of events) {
      const summary = liveSummaryOf(event);
      if (summary?.replaces === true) {
        if (covered.intersects(summary.covers)) continue;
        covered.add(summary.covers);
        newestReplaced.push(summary);
      } else if (event.pinned === true || !covered.includes(event.seq)) yield event;
    }
    before = events.at(-1)?.seq;
    if (before === undefined || events.length < limit) return;
  }
}

async function showAll(source: ViewSource, call: CallOptions): Promise<View> {
  const shown: Said[] = [];
  const erased: number[] = [];
  const newestReplaced: LiveSummary[] = [];
  for await (const event of backward(source, page, newestReplaced, call)) {
    if (hasMessage(event)) shown.push(event);
    else if (event.type === "message") erased.push(event.seq);
  }
  const dropped = rangesOf(erased).map((range): DroppedRange => ({ ...range, reason: "erased" }));
  return { ...viewOf(source, shown.reverse(), newestReplaced.reverse()), dropped };
}

/**
 * The newest messages that fit, with the pinned ones and with the question that they answer. It is read only as far as that
 * needs.
 */
async function showNewest(
  source: ViewSource,
  { maxTokens, counter }: ViewAllowance,
  call: CallOptions,
): Promise<View> {
  const costOf: Cost = ({ body }) => counter.countMessage(body);
  const pinned = (await source.pinned(call)).filter(hasMessage);
  const isPinned = new Set(pinned.map(({ seq }) => seq));
  const fixed = pinned.reduce((sum, event) => sum + costOf(event), 0);
  const newestFirst: Said[] = [];
  let size = fixed;
  const newestReplaced: LiveSummary[] = [];
  let isWhole = true;
  for await (const event of backward(source, boundedPage, newestReplaced, call)) {
    if (!hasMessage(event) || isPinned.has(event.seq)) continue;
    newestFirst.push(event);
    size += costOf(event);
    // With a question more than fits, all places are known at which a turn may be cut off.
    if (size <= maxTokens || event.body.role !== "user") continue;
    isWhole = false;
    break;
  }
  const recent = newestFirst.reverse();
  const replaced = newestReplaced.reverse();
  const lead = replaced.reduce((sum, { message }) => sum + counter.countMessage(message), 0);
  if (isWhole && size + lead <= maxTokens) return viewOf(source, inOrder(pinned, recent), replaced);
  if (fixed > maxTokens) throw exceeded(maxTokens, `the pinned messages need ${fixed}`);
  const question = recent.findLastIndex(({ body }) => body.role === "user");
  const withLead = lead === 0 ? undefined : chooseStart(recent, question, costOf, maxTokens - fixed - lead);
  const start = withLead ?? chooseStart(recent, question, costOf, maxTokens - fixed);
  if (start === undefined)
    throw exceeded(
      maxTokens,
      `the pinned messages take ${fixed}, and the newest turn needs more than the rest`,
    );
  const asked = question < start ? recent.slice(Math.max(0, question), question + 1) : [];
  const shown = inOrder(pinned, [...asked, ...recent.slice(start)]);
  const view = viewOf(source, shown, withLead === undefined ? [] : replaced);
  return { ...view, compacted: true, dropped: gapsBetween(shown, view.summarized) };
}

/**
 * Where the conversation starts so that the rest fits: at a turn, else behind a group of the newest turn. A start that moved
 * with every turn would change the beginning of every prompt, which no provider could cache then. So of the starts that
 * leave at least half, the one at the multiple of the highest power of two is taken, and stays until it leaves too much.
 */
function chooseStart(recent: readonly Said[], question: number, costOf: Cost, maxTokens: number) {
  const asked = recent[question];
  const turnsBefore: number[] = [];
  let turn = 0;
  for (const { seq, body } of recent) {
    turnsBefore.push(turn);
    if (body.role === "user") turn = seq;
  }
  const unasked = new Set<string>();
  let size = 0;
  let best: { readonly at: number; readonly rank: number } | undefined;
  for (let at = recent.length - 1; at >= 0; at--) {
    const event = recent[at] as Said;
    size += costOf(event);
    const needed = size + (at > question && asked !== undefined ? costOf(asked) : 0);
    if (needed > maxTokens) break;
    const { body, seq } = event;
    for (const id of resultsOf(body)) unasked.add(id);
    for (const id of callsOf(body)) unasked.delete(id);
    const before = recent[at - 1];
    const isTurn = body.role === "user";
    const splits = unasked.size > 0 || (before !== undefined && isReasoningAlone(before.body));
    if (splits || (!isTurn && at < question)) continue;
    const kind = (isTurn ? 128 : 0) + (needed * 2 >= maxTokens ? 64 : 0);
    const rank = kind + roundness((isTurn ? turnsBefore[at] : before?.seq) ?? 0, seq);
    if (best === undefined || rank > best.rank) best = { at, rank };
  }
  return best?.at;
}

function exceeded(maxTokens: number, why: string): MemoryError {
  const message = `What must be shown does not fit into ${maxTokens} tokens: ${why}.`;
  return new MemoryError("budget-exceeded", message, { details: { maxTokens } });
}

/** The highest power of two that divides a number above `previous` and up to `own`, as its exponent. */
function roundness(previous: number, own: number): number {
  let exponent = 0;
  while (Math.floor(own / 2 ** (exponent + 1)) > Math.floor(previous / 2 ** (exponent + 1))) exponent++;
  return exponent;
}

function inOrder(pinned: readonly Said[], recent: readonly Said[]): readonly Said[] {
  return [...pinned, ...recent].sort((left, right) => left.seq - right.seq);
}

/** What lies before and between the messages that are shown, without what the summary in front of them covers. */
function gapsBetween(shown: readonly Said[], summarized: readonly SeqRange[]): readonly DroppedRange[] {
  const gaps: DroppedRange[] = [];
  let next = (summarized.at(-1)?.to ?? 0) + 1;
  for (const { seq } of shown) {
    if (seq > next) gaps.push({ from: next, to: seq - 1, reason: "budget" });
    next = Math.max(next, seq + 1);
  }
  return gaps;
}

function viewOf(
  { version, removalRevision }: ViewSource,
  shown: readonly Said[],
  replaced: readonly LiveSummary[],
): View {
  // System messages come first, as in every view: providers want them there.
  const other = shown.findIndex(({ body }) => body.role !== "system");
  const start = replaced.length === 0 ? 0 : other === -1 ? shown.length : other;
  const [first, rest] = [shown.slice(0, start), shown.slice(start)];
  const ofEvents = (events: readonly Said[]) => events.map(({ body: message, seq }) => ({ message, seq }));
  const parts: readonly Pick<LiveSummary, "message" | "seq">[] = [
    ...ofEvents(first),
    ...replaced,
    ...ofEvents(rest),
  ];
  return {
    messages: parts.map(({ message }) => message),
    seqs: parts.map(({ seq }) => seq),
    version,
    removalRevision,
    // Other summaries stay out: everything that they stand for is shown.
    compacted: replaced.length > 0,
    dropped: [],
    summarized: normalizeRanges(replaced.flatMap(({ covers }) => covers)),
  };
}
