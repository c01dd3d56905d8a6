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
import type { LogSnapshot } from "./log-snapshot.ts";
import type { ChosenMessage, ContextPolicy, HandoffFacts } from "./policies.ts";

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
}

/** The most ranges that an event may be derived from. */
const maxDerivedRanges = 1000;

/**
 * Lets the policy choose, and records the choice so that it can be rebuilt: the log's own messages by their place,
 * everything else whole. What the receiver gets is exactly what is recorded.
 */
export async function resolveContext(
  source: LogSnapshot,
  policy: ContextPolicy,
  handoff: HandoffFacts,
  options: ResolveOptions,
): Promise<ResolvedContext> {
  const { counter, documents, ...call } = options;
  const chosen = await policy.choose(source, handoff, call);
  if (!Array.isArray(chosen)) throw refuse("policy", "must choose an array.");
  const messages: Message[] = [];
  const passed: number[] = [];
  const inline: Message[] = [];
  const inlineAt: number[] = [];
  const derivedFrom: SeqRange[] = [];

  chosen.forEach((one: ChosenMessage, index) => {
    requireObject(one, `policy.messages[${index}]`);
    const { message, seq, derivedFrom: origin } = one;
    const stored = seq === undefined ? undefined : source.known(seq);
    const inPlace = seq !== undefined && seq > (passed.at(-1) ?? 0);
    if (inPlace && stored !== undefined && isSame(stored, message)) {
      passed.push(seq);
      messages.push(stored);
      return;
    }
    const made = admitInline(message, `policy.messages[${index}]`);
    messages.push(made);
    inline.push(made);
    inlineAt.push(index);
    derivedFrom.push(...(origin ?? []), ...(seq === undefined ? [] : [{ from: seq, to: seq }]));
  });

  // With a counter the whole conversation is read, so that the tokens before are those of all of it.
  const before = counter === undefined ? undefined : count(counter, await allMessages(source));
  const passedRanges = rangesOf(passed);
  return {
    messages: Object.freeze(messages),
    derivedFrom: bounded(derivedFrom),
    record: {
      policy: policy.name,
      passed: passedRanges,
      dropped: await source.rest(passedRanges),
      version: source.version,
      ...(documents.length === 0 ? {} : { documents }),
      ...(inline.length === 0 ? {} : { inline, inlineAt }),
      ...(counter === undefined || before === undefined
        ? {}
        : { tokensBefore: before, tokensAfter: count(counter, messages) }),
    },
  };
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
  const exact = normalizeRanges(ranges);
  const first = exact[0];
  const last = exact.at(-1);
  if (exact.length <= maxDerivedRanges || first === undefined || last === undefined) return exact;
  return [{ from: first.from, to: last.to }];
}
