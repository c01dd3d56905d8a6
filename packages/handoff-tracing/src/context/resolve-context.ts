import type { CallOptions, HandoffContext, JsonValue, Message, SeqRange, TokenCounter } from "@relevo/core";
import { jsonEquals, normalizeRanges, refuse, requireObject } from "@relevo/core/input";
import { arrangementRules } from "@relevo/messages";
import { admitInline, arrangeContext, type ChosenEntry } from "./arrange-context.ts";
import type { ChosenMessage, ContextPolicy, HandoffFacts } from "./context-policy.ts";
import { isRange } from "./is-range.ts";
import type { LogSnapshot } from "./log-snapshot.ts";
import { recordChosen, recordShown } from "./record-context.ts";
import { subtractRanges } from "./subtract-ranges.ts";
import { answerAt, type TransferCall, transferAmong } from "./transfer-call.ts";

/** What the receiver gets, and the record of it. */
export interface ResolvedContext {
  readonly messages: readonly Message[];
  readonly record: HandoffContext;
  /** What the inline messages repeat; stored on the event that contains them. */
  readonly derivedFrom: readonly SeqRange[];
}

export interface ResolveOptions extends CallOptions {
  readonly counter?: TokenCounter | undefined;
  readonly documents: readonly (readonly string[])[];
  /** The call that asked for the handoff, where it is known. */
  readonly call: TransferCall | undefined;
  /** The result that the receiver sees for it. */
  readonly callText: JsonValue;
  readonly notice: (error: unknown) => void;
}

/** The most ranges in `derivedFrom` of an event. */
const maxDerivedRanges = 1000;

/** The most repaired content that is recorded as shown. An event holds 8 MiB, the result included. */
const largestInline = 1024 * 1024;

/**
 * Lets the policy choose, brings the choice into a form that every provider accepts, and records it so that it can be
 * rebuilt: messages of the log by `seq`, in the order in which they are shown, and everything else whole. The receiver
 * gets exactly what is recorded.
 */
export async function resolveContext(
  source: LogSnapshot,
  policy: ContextPolicy,
  handoff: HandoffFacts,
  options: ResolveOptions,
): Promise<ResolvedContext> {
  const { counter, documents, call, callText, signal, notice } = options;
  const { messages: chosen, summarized = [] } =
    (await policy.choose(source, handoff, { signal, notice })) ?? {};
  if (!Array.isArray(chosen)) throw refuse("policy", "must choose { messages }, an array of them.");
  if (!Array.isArray(summarized) || !summarized.every(isRange)) {
    throw refuse("policy.summarized", "must be an array of ranges { from, to }.");
  }
  const entries = chosen.map((one: ChosenMessage, index) => admitChosen(source, one, index));

  const place = transferAmong(entries, handoff.to, call);
  const arranged = arrangeContext(entries, answerAt(entries, place, callText), handoff.for);
  const shown = recordShown(arranged);
  const { messages } = shown;
  const { places, origins } =
    shown.bytes <= largestInline
      ? shown
      : recordChosen(entries, shown, {
          rules: arrangementRules,
          ...(handoff.for === undefined ? {} : { for: handoff.for }),
          ...(place === undefined ? {} : { answered: { ...place, text: callText } }),
        });

  // With a counter the whole conversation is read, because `tokensBefore` counts all of it.
  const before = counter === undefined ? undefined : count(counter, await allMessages(source));
  const { passed, reshaped = [] } = places;
  const shownAsOthers = subtractRanges(summarized, [...passed, ...reshaped]);
  return {
    messages: Object.freeze(messages),
    derivedFrom: bounded([...origins].flat()),
    record: {
      policy: policy.name,
      ...places,
      ...(shownAsOthers.length === 0 ? {} : { summarized: shownAsOthers }),
      dropped: await source.rest([...passed, ...reshaped, ...shownAsOthers]),
      version: source.version,
      ...(documents.length === 0 ? {} : { documents }),
      ...(counter === undefined || before === undefined
        ? {}
        : { tokensBefore: before, tokensAfter: count(counter, messages) }),
    },
  };
}

/** The message of the log when it is unchanged, else a checked copy. */
function admitChosen(source: LogSnapshot, one: ChosenMessage, index: number): ChosenEntry {
  const field = `policy.messages[${index}]`;
  requireObject(one, field);
  const { message, seq, derivedFrom = [] } = one;
  const stored = seq === undefined ? undefined : source.known(seq);
  if (seq !== undefined && stored !== undefined && isSame(stored, message))
    return { message: stored, seq, derivedFrom: [] };
  const made = { message: admitInline(message, field).message, derivedFrom: [derivedFrom] };
  return seq === undefined ? made : { ...made, formOf: seq };
}

function isSame(stored: Message, message: Message): boolean {
  return stored === message || jsonEquals(stored as unknown as JsonValue, message as unknown as JsonValue);
}

async function allMessages(source: LogSnapshot): Promise<readonly Message[]> {
  return (await source.recent(Number.POSITIVE_INFINITY)).map((entry) => entry.message);
}

function count(counter: TokenCounter, messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + counter.countMessage(message), 0);
}

/** Too many ranges become one that spans them: erasing a record too early is better than keeping erased content. */
export function bounded(ranges: readonly SeqRange[]): readonly SeqRange[] {
  const exact = normalizeRanges(ranges);
  const first = exact[0];
  const last = exact.at(-1);
  if (exact.length <= maxDerivedRanges || first === undefined || last === undefined) return exact;
  return [{ from: first.from, to: last.to }];
}
