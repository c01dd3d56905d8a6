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

/** A message that was chosen, checked: out of the log, or made. */
export interface ChosenEntry {
  readonly message: Message;
  /** Its place in the log, when it is the log's message word for word. */
  readonly seq?: number;
  /** The place of the message that it is another form of. */
  readonly formOf?: number;
  /** What it repeats when it is not the log's own: lists of ranges, which many messages may share. */
  readonly derivedFrom: readonly (readonly SeqRange[])[];
}

/** A message as the receiver gets it. */
export interface ArrangedMessage {
  readonly message: Message;
  /** Its place in the log, when it is the log's message word for word. */
  readonly seq?: number;
  /** For all others: the chosen messages whose content it holds. */
  readonly from: readonly ChosenEntry[];
  /** True for what nobody chose: a result in place of one that is missing, the first message of the user. */
  readonly isMade: boolean;
}

/** What is said for a call without a result, by the message that holds the call. */
export type AnswerCall = (entry: ChosenEntry, toolCallId: string) => JsonValue | undefined;

/**
 * The messages in an order and form that every provider takes, by the same engine as views: results behind their
 * calls, calls without one answered, system messages first, the user's before the assistant's. What is in order stays
 * as it is.
 */
export function arrangeContext(
  chosen: readonly ChosenEntry[],
  answerCall: AnswerCall,
  provider: Provider | undefined,
): readonly ArrangedMessage[] {
  // Messages of a function need no place in the log, and may stand in another order: here each has a place of its own.
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
 * A checked and frozen copy of a message that is in no log, and its size as JSON. What was made of chosen messages
 * may be larger than an event holds: then it is not recorded itself.
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
