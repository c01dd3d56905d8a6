import {
  defaultLimits,
  type JsonObject,
  type JsonValue,
  type Limits,
  type Message,
  type Provider,
  type SeqRange,
} from "@relevo/core";
import { admitJson, admitMessage, requireObject } from "@relevo/core/input";
import { type AnswerOpenCall, arrangeGroups, groupEntries, type ViewMessage } from "@relevo/messages";

/** A checked message that a policy chose: one of the log, or a made one. */
export interface ChosenEntry {
  readonly message: Message;
  /** Its `seq`, when it is a message of the log, unchanged. */
  readonly seq?: number;
  /** The `seq` of the message of which it is another form. */
  readonly formOf?: number;
  /** What a made message repeats: lists of ranges, which several messages may share. */
  readonly derivedFrom: readonly (readonly SeqRange[])[];
}

/** A message as the receiver gets it. */
export interface ArrangedMessage {
  readonly message: Message;
  /** Its place in the log, when it is the log's message word for word. */
  readonly seq?: number;
  /** For all other messages: the chosen messages whose content they contain. */
  readonly from: readonly ChosenEntry[];
  /** True when the policy did not choose it: a result for a call that has none, or a first user message. */
  readonly isMade: boolean;
}

/** The result for a call that has none, given the message with the call. */
export type AnswerCall = (entry: ChosenEntry, toolCallId: string) => JsonValue | undefined;

/**
 * The messages in an order and form that every provider accepts, by the same engine as views: results follow their
 * calls, calls without a result get one, system messages come first, and the user speaks before the assistant. Messages
 * that are in order already are not changed.
 */
export function arrangeContext(
  chosen: readonly ChosenEntry[],
  answerCall: AnswerCall,
  provider: Provider | undefined,
): readonly ArrangedMessage[] {
  // Messages of a function may have no `seq` or be in another order, so each is numbered by its index here.
  const entries = chosen.map(({ message }, index) => ({ seq: index + 1, message, pinned: false }));
  const entryAt = (place: number): readonly ChosenEntry[] => {
    const entry = chosen[place - 1];
    return entry === undefined ? [] : [entry];
  };
  const answer: AnswerOpenCall = ({ call, seq }) => {
    const [entry] = entryAt(seq);
    return entry === undefined ? undefined : answerCall(entry, call.toolCallId);
  };
  return arrangeGroups(groupEntries(entries, { answer, for: provider }).groups, { for: provider }).map(
    (one): ArrangedMessage => {
      const from = placesOf(one).flatMap(entryAt);
      const own = one.seq === undefined ? undefined : chosen[one.seq - 1];
      const { message } = one;
      const isSame = own?.message === message && own.seq !== undefined;
      return { message, from, isMade: own === undefined, ...(isSame ? { seq: own.seq } : {}) };
    },
  );
}

function placesOf({ seq, merged = [], answers = [] }: ViewMessage): readonly number[] {
  return [...(seq === undefined ? [] : [seq]), ...merged, ...answers];
}

/**
 * A checked and frozen copy of a message that is not in the log, and its size as JSON. A message that was merged from
 * several may exceed the size of an event; it is then not recorded itself.
 */
export function admitInline(
  message: Message,
  field: string,
  limits: Limits = defaultLimits,
): { readonly message: Message; readonly bytes: number } {
  requireObject(message, field);
  const { value, bytes } = admitJson(message, field, limits);
  admitMessage(value as JsonObject, field, limits);
  return { message: value as unknown as Message, bytes };
}
