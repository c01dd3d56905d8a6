import {
  admitJson,
  admitMessage,
  type CallOptions,
  defaultLimits,
  type HandoffContext,
  type JsonObject,
  type JsonValue,
  jsonEquals,
  type Message,
  normalizeRanges,
  rangesOf,
  refuse,
  requireObject,
  type SeqRange,
  type TokenCounter,
} from "@relevo/core";
import { arrangeContext, type ChosenEntry } from "./arrange-context.ts";
import type { LogSnapshot } from "./log-snapshot.ts";
import type { ChosenMessage, ContextPolicy, HandoffFacts } from "./policies.ts";
import { answerTransfer, type TransferCall } from "./transfer-call.ts";

/** What the receiver gets, and the record of it. */
export interface ResolvedContext {
  readonly messages: readonly Message[];
  readonly record: HandoffContext;
  /** What the inline messages repeat; goes on the event that carries them. */
  readonly derivedFrom: readonly SeqRange[];
}

export interface ResolveOptions extends CallOptions {
  readonly counter?: TokenCounter | undefined;
  readonly documents: readonly (readonly string[])[];
  /** The call that asked for the handoff, where it is known. */
  readonly call: TransferCall | undefined;
  /** What the receiver is told of it. */
  readonly callText: JsonValue;
}

/** The most ranges that an event may be derived from. */
const maxDerivedRanges = 1000;

/**
 * Lets the policy choose, brings the choice into a form that every provider takes, and records it so that it can be
 * rebuilt: the log's own messages by their place, in the order in which they are shown, everything else whole. What the
 * receiver gets is exactly what is recorded.
 */
export async function resolveContext(
  source: LogSnapshot,
  policy: ContextPolicy,
  handoff: HandoffFacts,
  options: ResolveOptions,
): Promise<ResolvedContext> {
  const { counter, documents, call, callText, signal } = options;
  const chosen = await policy.choose(source, handoff, signal === undefined ? {} : { signal });
  if (!Array.isArray(chosen)) throw refuse("policy", "must choose an array.");
  const entries = chosen.map((one: ChosenMessage, index) => admitChosen(source, one, index));

  const answer = answerTransfer(entries, handoff.to, call, callText);

  const messages: Message[] = [];
  const passed = new Set<number>();
  const inline: Message[] = [];
  const inlineAt: number[] = [];
  const reshaped: number[] = [];
  const origins = new Set<readonly SeqRange[]>();
  for (const { message, seq, from, isMade } of arrangeContext(entries, answer, handoff.for)) {
    if (seq !== undefined && !passed.has(seq)) {
      passed.add(seq);
      messages.push(message);
      continue;
    }
    const made = admitInline(message, `policy.messages[${messages.length}]`);
    inline.push(made);
    inlineAt.push(messages.length);
    messages.push(made);
    for (const origin of from) {
      for (const ranges of origin.derivedFrom) origins.add(ranges);
      const place = origin.seq ?? origin.formOf;
      if (place === undefined) continue;
      origins.add([{ from: place, to: place }]);
      if (!isMade) reshaped.push(place);
    }
  }

  // With a counter the whole conversation is read, so that the tokens before are those of all of it.
  const before = counter === undefined ? undefined : count(counter, await allMessages(source));
  const passedRanges = runsOf(passed);
  const reshapedRanges = rangesOf(reshaped.filter((seq) => !passed.has(seq)));
  return {
    messages: Object.freeze(messages),
    derivedFrom: bounded([...origins].flat()),
    record: {
      policy: policy.name,
      passed: passedRanges,
      dropped: await source.rest([...passedRanges, ...reshapedRanges]),
      ...(reshapedRanges.length === 0 ? {} : { reshaped: reshapedRanges }),
      version: source.version,
      ...(documents.length === 0 ? {} : { documents }),
      ...(inline.length === 0 ? {} : { inline, inlineAt }),
      ...(counter === undefined || before === undefined
        ? {}
        : { tokensBefore: before, tokensAfter: count(counter, messages) }),
    },
  };
}

/** The log's own message where it is the same, else a checked copy. */
function admitChosen(source: LogSnapshot, one: ChosenMessage, index: number): ChosenEntry {
  const field = `policy.messages[${index}]`;
  requireObject(one, field);
  const { message, seq, derivedFrom = [] } = one;
  const stored = seq === undefined ? undefined : source.known(seq);
  if (seq !== undefined && stored !== undefined && isSame(stored, message))
    return { message: stored, seq, derivedFrom: [] };
  const made = { message: admitInline(message, field), derivedFrom: [derivedFrom] };
  return seq === undefined ? made : { ...made, formOf: seq };
}

/** Neighbours as ranges, in the order in which they come. */
function runsOf(seqs: Iterable<number>): readonly SeqRange[] {
  const runs: { from: number; to: number }[] = [];
  for (const seq of seqs) {
    const last = runs.at(-1);
    if (last?.to === seq - 1) last.to = seq;
    else runs.push({ from: seq, to: seq });
  }
  return runs;
}

function isSame(stored: Message, message: Message): boolean {
  return stored === message || jsonEquals(stored as unknown as JsonValue, message as unknown as JsonValue);
}

function admitInline(message: Message, field: string): Message {
  requireObject(message, field);
  const { value } = admitJson(message, field, defaultLimits);
  admitMessage(value as JsonObject, field, defaultLimits);
  return value as unknown as Message;
}

async function allMessages(source: LogSnapshot): Promise<readonly Message[]> {
  return (await source.recent(Number.POSITIVE_INFINITY)).map((entry) => entry.message);
}

function count(counter: TokenCounter, messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + counter.countMessage(message), 0);
}

/** Too many ranges become the one that spans them: rather blank a record too early than keep erased content. */
export function bounded(ranges: readonly SeqRange[]): readonly SeqRange[] {
  // What a framework says was passed may be anything, and nothing is derived from what is no place in a log.
  const exact = normalizeRanges(
    ranges.filter(({ from, to }) => Number.isSafeInteger(to) && from >= 1 && from <= to),
  );
  const first = exact[0];
  const last = exact.at(-1);
  if (exact.length <= maxDerivedRanges || first === undefined || last === undefined) return exact;
  return [{ from: first.from, to: last.to }];
}
