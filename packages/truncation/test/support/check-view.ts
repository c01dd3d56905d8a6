import type { Message, TokenCounter, View, ViewForm } from "@relevo/core";
import { rangesInclude } from "@relevo/core/input";
import { type Entry, type Grouping, groupEntries, providers, validateForProvider } from "@relevo/messages";
import type { Truth } from "./truth.ts";

/** What a strategy promises of every view. */
export interface Promises {
  readonly counter?: TokenCounter;
  readonly maxTokens?: number;
  /** False for a strategy that may leave work for the next view. */
  readonly finishes?: false;
  readonly summarizes?: true;
}

/** Everything that holds for each view by itself, as text for each thing that does not. */
export function faultsOf(view: View, truth: Truth, promises: Promises, uniqueIds: boolean): string[] {
  const grouping = groupEntries(truth.entries);
  return [
    ...validity(view, grouping),
    ...order(view, grouping),
    ...accounts(view, truth),
    ...(uniqueIds ? wholeGroups(view, grouping) : []),
    ...pins(view, grouping, uniqueIds, promises),
    ...budget(view, promises),
  ];
}

/** What holds for a view that was made for one provider. */
export function formFaultsOf(
  view: View,
  truth: Truth,
  promises: Promises,
  form: ViewForm,
  uniqueIds: boolean,
): string[] {
  const grouping = groupEntries(truth.entries, form);
  const provider = form.for ?? "anthropic";
  const speaks = grouping.groups.some(({ kind }) => kind !== "system");
  const problems = validateForProvider(view.messages, provider, form);
  return [
    ...problems
      .filter(({ rule }) => speaks || !rule.endsWith("/not-empty"))
      .map(({ message }) => `${provider}: ${message}`),
    ...order(view, grouping),
    ...accounts(view, truth),
    ...(uniqueIds ? wholeGroups(view, grouping) : []),
    ...pins(view, grouping, uniqueIds, promises),
    ...budget(view, promises),
  ];
}

function validity({ messages, seqs }: View, { groups }: Grouping): string[] {
  const faults = messages.length === seqs.length ? [] : ["messages and seqs differ in length"];
  const speaks = groups.some(({ kind }) => kind !== "system");
  for (const provider of providers) {
    for (const problem of validateForProvider(messages, provider)) {
      // Nothing was said yet that a provider could be sent.
      if (problem.rule.endsWith("/not-empty") && !speaks) continue;
      faults.push(`${provider}: ${problem.message}`);
    }
  }
  return faults;
}

/** System messages, then what was made of earlier ones, then groups by their first message. */
function order({ messages, seqs, dropped }: View, { groups }: Grouping): string[] {
  const place = new Map<number, number>();
  for (const group of groups) {
    // A summary that was made before the group was whole left its begin out for good.
    const first = group.entries.find(({ seq }) => !rangesInclude(dropped, seq));
    // An assistant's message that brings a result of ours stands in two groups; its own words are in one.
    for (const { seq, message } of group.messages) {
      if (seq !== undefined && message.role !== "tool") place.set(seq, first?.seq ?? 0);
    }
  }
  const faults: string[] = [];
  let last = { system: 0, rest: 0 };
  messages.forEach((message, index) => {
    const seq = seqs[index];
    const at = seq === undefined ? undefined : place.get(seq);
    if (at === undefined || message.role === "tool") return;
    const part = message.role === "system" ? "system" : "rest";
    if (at < last[part]) faults.push(`seq ${seq} stands behind a group that came later`);
    last = { ...last, [part]: at };
  });
  return faults;
}

/** Each effective message is in the view, or in exactly one of the other ranges. */
function accounts(view: View, { entries, erased }: Truth): string[] {
  const shown = new Set(view.seqs);
  return [...entries.map(({ seq }) => seq), ...erased].flatMap((seq) => {
    const dropped = view.dropped.filter((range) => rangesInclude([range], seq));
    const summarized = view.summarized.filter((range) => rangesInclude([range], seq));
    const places = (shown.has(seq) ? 1 : 0) + dropped.length + summarized.length;
    if (dropped.some(({ reason }) => reason === "")) return [`seq ${seq} is dropped without a reason`];
    return places === 1 ? [] : [`seq ${seq} is accounted for ${places} times`];
  });
}

/** A group is shown with all of it, or with none of it. */
function wholeGroups(view: View, { groups }: Grouping): string[] {
  const shown = new Set(view.seqs);
  const isSummarized = (seq: number): boolean => rangesInclude(view.summarized, seq);
  // A result that came when its call was summarized already has nothing left to stand behind.
  const tooLate = ({ seq }: Entry): boolean => rangesInclude(view.dropped, seq);
  // Nor does reasoning that a summary found without what it led to.
  const leftOut = view.dropped.filter(({ reason }) => reason === "left-out");
  // A message that answers calls of two groups is shown when one of them is.
  const counts = new Map<number, number>();
  for (const { entries } of groups) {
    for (const { seq } of entries) counts.set(seq, (counts.get(seq) ?? 0) + 1);
  }
  return groups.flatMap(({ entries }) => {
    const seqs = entries.map(({ seq }) => seq);
    const own = entries
      .filter(({ seq }) => counts.get(seq) === 1 && !rangesInclude(leftOut, seq))
      .filter((entry) => !(isSummarized(seqs[0] ?? 0) && tooLate(entry)))
      .map(({ seq }) => shown.has(seq) || isSummarized(seq));
    return new Set(own).size < 2 ? [] : [`the group of seqs ${seqs.join(", ")} is split`];
  });
}

/** What is pinned is shown. Where ids are reused, which call a result belongs to depends on how far back one reads. */
function pins(
  { seqs, dropped }: View,
  { groups }: Grouping,
  uniqueIds: boolean,
  { summarizes }: Promises,
): string[] {
  const shown = new Set(seqs);
  return groups.flatMap(({ kind, pinned, entries, messages }) => {
    if (!uniqueIds && kind === "tool-calls") return [];
    // Its begin was summarized, or left over then, before the rest came.
    const first = entries[0];
    const leftOut = dropped.filter(({ reason }) => reason === "left-out");
    if (summarizes === true && (first?.pinned !== true || rangesInclude(leftOut, first.seq))) return [];
    if (!pinned || entries.some(({ seq }) => shown.has(seq)) || messages.length === 0) return [];
    return [`the pinned group of seq ${entries[0]?.seq} is missing`];
  });
}

function budget({ messages, tokens }: View, { counter, maxTokens }: Promises): string[] {
  if (counter === undefined || maxTokens === undefined) return [];
  const counted = messages.reduce((sum, message) => sum + counter.countMessage(message), 0);
  const faults = counted <= maxTokens ? [] : [`${counted} tokens are in a view of ${maxTokens}`];
  if (tokens !== counted) faults.push(`the view says ${tokens} tokens and has ${counted}`);
  return faults;
}

/**
 * What an earlier view shows stays the begin of a later one, as bytes, while nothing new is cut off. Up to where
 * something was added that belongs further up: a late result, a system message.
 */
export function prefixFaults(
  earlier: View,
  later: View,
  before: Truth,
  after: Truth,
): { readonly continues: boolean; readonly faults: readonly string[] } {
  if (!continues(earlier, later, before, after)) return { continues: false, faults: [] };
  const upTo = earlier.messages.findIndex(
    (message, index) => earlier.seqs[index] === undefined && message.role === "tool",
  );
  const expected = earlier.messages.slice(0, upTo === -1 ? undefined : upTo);
  const shared = sharedPrefix(expected, later.messages);
  const faults = shared === expected.length ? [] : [`the later view differs at message ${shared}`];
  return { continues: true, faults };
}

/** Whether the later history only adds to what the earlier view could show, and nothing more was cut off. */
function continues(earlier: View, later: View, before: Truth, after: Truth): boolean {
  if (!isSameCut(earlier, later)) return false;
  const systems = ({ entries }: Truth): number =>
    entries.filter(({ message }) => message.role === "system").length;
  if (systems(before) !== systems(after)) return false;
  const shown = shownBy(before);
  return sharedPrefix(shown, shownBy(after)) === shown.length;
}

function isSameCut(earlier: View, later: View): boolean {
  const old = later.dropped.filter(({ from }) => from <= earlier.version);
  return (
    JSON.stringify(earlier.summarized) === JSON.stringify(later.summarized) &&
    JSON.stringify(earlier.dropped) === JSON.stringify(old)
  );
}

/** What all groups show; made-up results left out, as they give way to real ones. */
function shownBy({ entries }: Truth): Message[] {
  return groupEntries(entries).groups.flatMap(({ messages }) =>
    messages.flatMap(({ message, seq }) => (seq === undefined ? [] : [message])),
  );
}

function sharedPrefix(left: readonly Message[], right: readonly Message[]): number {
  let index = 0;
  while (index < left.length && JSON.stringify(left[index]) === JSON.stringify(right[index])) index++;
  return index;
}
