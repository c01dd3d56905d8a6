import {
  type ContentPart,
  type EventInput,
  fingerprint,
  isConflict,
  type JsonValue,
  MemoryError,
  type Message,
  type SeqRange,
} from "@relevo/core";
import {
  callSummarizer,
  type LedTo,
  type LiveSummary,
  messageOfSummary,
  normalizeRanges,
} from "@relevo/core/input";
import { type Entry, firstSeq, type Group, partsOf } from "@relevo/messages";
import type { History } from "../history/history.ts";
import type { TokenMeter } from "../view/token-meter.ts";
import type { ViewState } from "../view/view-state.ts";
import { questionsAbout, withoutQuestions } from "./questions.ts";
import type { Plan, SummarizeSettings } from "./summarize-settings.ts";

/** How many times a summary is appended to a log to which others write. */
const tries = 3;
/** The most calls of the summarizer in one view. */
const maxChunks = 10;
/** The most ranges in `derivedFrom` of an event. */
const maxRanges = 1000;

/** A summary before it is in the log. */
interface Draft {
  readonly summary: LiveSummary;
  readonly event: EventInput & { readonly type: "summary" };
  /** The removal revision of the source from which its messages were read. */
  readonly removalRevision: number;
  /** The messages that it covers, to check that they still exist. */
  readonly seqs: readonly number[];
}

/** Makes one summary and appends it to the log, or adds it to this view only where the log takes none. */
export class Compaction {
  readonly #state: ViewState;
  readonly #settings: SummarizeSettings;

  constructor(state: ViewState, settings: SummarizeSettings) {
    this.#state = state;
    this.#settings = settings;
  }

  async run(plan: () => Plan | undefined): Promise<void> {
    const state = this.#state;
    let draft: Draft | undefined;
    for (let attempt = 1; ; attempt++) {
      await state.history.readAll();
      // The summary is used, unless another one or a removal came first.
      if (draft !== undefined && !this.#stillHolds(draft)) draft = undefined;
      if (draft === undefined) {
        const planned = plan();
        if (planned === undefined) return;
        draft = await this.#draft(planned);
        if (draft === undefined) return;
      }
      const outcome = await this.#append(draft, attempt);
      if (outcome === "again") continue;
      if (outcome === "removed") {
        draft = undefined;
        if (attempt < tries) continue;
        state.notices.push(
          `summarize: messages were removed during all ${tries} tries; no summary was made.`,
        );
      }
      if (outcome !== "used") await state.history.readAll();
      return;
    }
  }

  async #draft({ covered, late, cut }: Plan): Promise<Draft | undefined> {
    const { history, call, notices } = this.#state;
    const { summarizer, maxTokens, overlap, backoff } = this.#settings;
    // Arrays have no identity, so the backoff applies to all of them.
    const session = history.source.incarnation ?? "";
    const pause = backoff.pauseFor(session);
    if (pause !== undefined) {
      const seconds = Math.ceil(pause.ms / 1000);
      const told = `${summarizer.name} ${pause.failure} (not asked again for ${seconds} s)`;
      notices.push(`summarize: ${told}; the messages stay as they are.`);
      return undefined;
    }
    const chunks = chunksOf(covered, this.#settings, this.#state.meter as TokenMeter);
    const before = history.summaries;
    let text = before.map((summary) => summary.text).join("\n\n");
    let done = 0;
    let seenBehind: readonly Entry[] = [];
    for (const [index, chunk] of chunks.entries()) {
      const last = index === chunks.length - 1;
      const context = last ? this.#behind(chunk, overlap) : [];
      const previous = text === "" ? {} : { previous: text };
      const first = index === 0 ? late.map(({ message }) => message) : [];
      const messages = [...first, ...[...chunk, ...context].flatMap(messagesOf)];
      const outcome = await callSummarizer(this.#settings, { messages, maxTokens, ...previous, ...call });
      if ("failure" in outcome) {
        backoff.failed(session, outcome.failure);
        notices.push(`summarize: ${summarizer.name} ${outcome.failure}; the messages stay as they are.`);
        break;
      }
      text = outcome.text;
      done++;
      seenBehind = context.flatMap((group) => group.entries);
    }
    if (done === 0) return undefined;
    if (done === chunks.length) backoff.succeeded(session);
    const summarized = chunks.slice(0, done).flat();
    const next = covered[summarized.length];
    // Questions about a group in a later chunk stay with it, unless nothing else was summarized.
    const going = withoutQuestions(history.grouping, summarized);
    const groups = going.length === 0 ? summarized : going;
    const covers = { covered: groups, late, cut: next === undefined ? cut : firstSeq(next) };
    return this.#draftOf(covers, text, seenBehind);
  }

  /** The groups after these, which the summarizer sees but the summary does not cover. */
  #behind(chunk: readonly Group[], overlap: number): readonly Group[] {
    const { groups } = this.#state.history;
    const last = chunk.at(-1);
    const behind: Group[] = [];
    let messages = 0;
    if (last === undefined || overlap === 0) return behind;
    for (const group of groups.slice(groups.indexOf(last) + 1)) {
      if (messages >= overlap) break;
      if (group.kind === "system") continue;
      behind.push(group);
      messages += group.messages.length;
    }
    return behind;
  }

  #draftOf({ covered: groups, late, cut: planned }: Plan, text: string, seenBehind: readonly Entry[]): Draft {
    const { history } = this.#state;
    const { summarizer, counter, name } = this.#settings;
    const meter = this.#state.meter as TokenMeter;
    const before = history.summaries;
    // What earlier summaries handled is not read again: without the covered messages it could be misread, such as
    // reasoning without effect as that of the next message.
    const cut = before.reduce((highest, summary) => Math.max(highest, summary.cut), planned);
    const going = new Set(groups);
    const stayingGroups = history.groups.filter((group) => !going.has(group));
    const staying = new Set(stayingGroups.flatMap(({ entries }) => entries));
    const entries = [...late, ...groups.flatMap((group) => group.entries)].filter(
      (entry) => !staying.has(entry),
    );
    const seqs = [...new Set(entries.map(({ seq }) => seq))].sort((left, right) => left - right);
    const covers = normalizeRanges([
      ...before.flatMap((summary) => summary.covers),
      ...runsOf(history, new Set(seqs)),
    ]);
    // Without the question, a refusal could not be matched to its call.
    const questions = questionsAbout(history.grouping, stayingGroups);
    const kept = [...staying, ...questions]
      .filter((entry) => entry.seq < cut && !entry.pinned)
      .map(({ seq }) => seq);
    const left = [
      ...before.flatMap((summary) => summary.left),
      ...history.grouping.leftovers.flatMap(({ entry }) =>
        entry.pinned && entry.seq < cut && !questions.has(entry) ? [entry.seq] : [],
      ),
    ];
    const tokensBefore =
      before.reduce((sum, summary) => sum + summary.tokensBefore, 0) +
      groups.reduce((sum, group) => sum + meter.ofGroup(group), 0);
    const reasoning = stayingGroups.flatMap((group) => ledToIn(group, cut));
    const sourceHash = fingerprint([
      before.map((summary) => summary.sourceHash),
      entries.map(({ message }) => message),
    ]);
    const message = messageOfSummary(text);
    const tokensAfter = counter.countMessage(message);
    const tokens = counter.tokensFor(message);
    const summary: LiveSummary = {
      seq: undefined,
      text,
      message,
      tokens,
      covers,
      cut,
      kept,
      left,
      reasoning,
      sourceHash,
      tokensBefore,
      replaces: false,
    };
    const single = (seq: number): SeqRange => ({ from: seq, to: seq });
    const derivedFrom = bounded([
      ...covers,
      ...before.flatMap(({ seq }) => (seq === undefined ? [] : single(seq))),
      ...seenBehind.map(({ seq }) => single(seq)),
    ]);
    const metadata = {
      covers: covers as unknown as JsonValue,
      cut,
      kept,
      left,
      ...(reasoning.length === 0 ? {} : { reasoning: reasoning.map(({ seq, to }) => ({ seq, to })) }),
    };
    const model = summarizer.model === undefined ? {} : { model: summarizer.model };
    const body = { text, sourceHash, strategy: name, ...model, tokensBefore, tokensAfter, metadata };
    const { removalRevision } = history.source;
    return { summary, seqs, removalRevision, event: { type: "summary", body, derivedFrom, tokens } };
  }

  #stillHolds({ summary, seqs }: Draft): boolean {
    const known = new Set(this.#state.history.entries().map(({ seq }) => seq));
    if (!seqs.every((seq) => known.has(seq))) return false;
    const others = this.#state.history.summaries.flatMap(({ covers }) => covers);
    // It must continue a summary that is still in force.
    return fingerprint(normalizeRanges([...others, ...summary.covers])) === fingerprint(summary.covers);
  }

  /**
   * `kept`: it is in the log, appended by this process or by another one first. `used`: in this view only. `again`: to
   * be tried again because another writer appended. `removed`: something that it repeats was erased, retracted or
   * trimmed, so it must not be shown.
   */
  async #append(draft: Draft, attempt: number): Promise<"kept" | "used" | "again" | "removed"> {
    const { history, call, notices } = this.#state;
    const { source } = history;
    if (source.append === undefined) {
      history.cover(draft.summary);
      return "used";
    }
    const { derivedFrom = [] } = draft.event;
    // Includes the version, so that a new summary is not taken for a replay of an erased or retracted one.
    const key = { derivedFrom, strategy: this.#settings.name, version: source.version };
    const { incarnation = "" } = source;
    const operationId = `summary-${fingerprint({ ...key, incarnation })}`;
    const { removalRevision } = draft;
    let refused: MemoryError | undefined;
    try {
      const seq = await source.append(draft.event, operationId, { ...call, removalRevision });
      if (source.latest === undefined) {
        history.cover({ ...draft.summary, seq });
        return "used";
      }
    } catch (error) {
      if (!MemoryError.isInstance(error) || mustStop(error)) throw error;
      refused = error;
    }
    const isRemoval = isConflict(refused, "removal");
    const isOutdated = isRemoval || isConflict(refused, "version");
    if (source.latest !== undefined && (refused === undefined || isOutdated)) {
      const latest = await source.latest(call);
      const isLast = attempt === tries;
      // After the last try the store does not say whether the removals since then concern this summary.
      const isRemoved = isRemoval || (isLast && latest.removalRevision !== removalRevision);
      if (refused === undefined || isRemoved || !isLast) {
        this.#state.history = history.over(latest);
        if (refused === undefined) return "kept";
        return isRemoved ? "removed" : "again";
      }
    }
    const why = refused?.code ?? "";
    notices.push(`summarize: the summary could not be kept (${why}), and is in this view only.`);
    history.cover(draft.summary);
    return "used";
  }
}

/** Errors that the view must not hide. */
function mustStop(error: MemoryError): boolean {
  return (
    isConflict(error, "fence") ||
    error.code === "aborted" ||
    error.code === "closed" ||
    error.code === "history-lost"
  );
}

/** Neighbouring groups for one call of the summarizer; a group above the limit is alone in its chunk. */
function chunksOf(
  groups: readonly Group[],
  { chunkMessages, chunkTokens }: SummarizeSettings,
  meter: TokenMeter,
): Group[][] {
  const chunks: Group[][] = [];
  let messages = 0;
  let tokens = 0;
  for (const group of groups) {
    messages += group.messages.length;
    tokens += meter.ofGroup(group);
    const chunk = chunks.at(-1);
    if (chunk !== undefined && messages <= chunkMessages && tokens <= chunkTokens) {
      chunk.push(group);
      continue;
    }
    if (chunks.length === maxChunks) break;
    chunks.push([group]);
    messages = group.messages.length;
    tokens = meter.ofGroup(group);
  }
  return chunks;
}

/** For each message below the cut that consists of reasoning only, the message that it led to. */
function ledToIn({ entries }: Group, cut: number): LedTo[] {
  const ledTo: LedTo[] = [];
  let waiting: number[] = [];
  for (const { seq, message } of entries) {
    if (message.role !== "assistant") continue;
    if (partsOf(message).every(isReasoningOrNothing)) waiting.push(seq);
    else {
      for (const one of waiting) if (one < cut) ledTo.push({ seq: one, to: seq });
      waiting = [];
    }
  }
  return ledTo;
}

/** Reasoning, and parts that are never shown in an assistant message. */
function isReasoningOrNothing(part: ContentPart): boolean {
  if (part.type === "text") return part.text.trim() === "";
  return (
    part.type === "reasoning" ||
    part.type === "tool-approval-request" ||
    part.type === "tool-approval-response"
  );
}

function messagesOf(group: Group): readonly Message[] {
  return group.messages.map(({ message }) => message);
}

/**
 * Ranges that contain these messages and no other known one. They include other events in between; otherwise a log with
 * an execution for each turn would need one range for each.
 */
function runsOf(history: History, seqs: ReadonlySet<number>): SeqRange[] {
  const marks = [...new Set([...history.entries().map(({ seq }) => seq), ...history.erased])];
  marks.sort((left, right) => left - right);
  const runs: { from: number; to: number }[] = [];
  let begin = history.from;
  let open = false;
  for (const seq of marks) {
    const last = runs.at(-1);
    if (!seqs.has(seq)) open = false;
    else if (open && last !== undefined) last.to = seq;
    else {
      // Below the part that was read, only single messages are known.
      runs.push({ from: Math.min(seq, begin), to: seq });
      open = seq >= history.from;
    }
    begin = Math.max(begin, seq + 1);
  }
  return runs;
}

/** A summary that is erased too early, with a message in between, is better than erased content that is kept. */
function bounded(ranges: readonly SeqRange[]): SeqRange[] {
  const exact = normalizeRanges(ranges);
  const first = exact[0];
  const last = exact.at(-1);
  if (exact.length <= maxRanges || first === undefined || last === undefined) return exact;
  return [{ from: first.from, to: last.to }];
}
