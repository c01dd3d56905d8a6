import {
  type CallOptions,
  defaultLimits,
  type EventLog,
  type HandoffContext,
  type HandoffRecord,
  isEvent,
  readAll,
  type SessionReference,
} from "@relevo/core";
import { admitCall, admitSession } from "@relevo/core/input";
import { arrangementRules } from "@relevo/messages";
import { type PassedMessage, passedMessages } from "./passed-messages.ts";
import { rearrange } from "./rearrange.ts";
import type { RebuiltMessage } from "./rebuilt-message.ts";

/** What the receiver of a handoff was given. */
export interface RebuiltContext {
  readonly handoffId: string;
  /** In the order in which the receiver got them. */
  readonly messages: readonly RebuiltMessage[];
  readonly documents: readonly (readonly string[])[];
  /** True when no content is missing and the arrangement rules have not changed since. */
  readonly complete: boolean;
}

/**
 * Rebuilds from the log what the receiver of a handoff was given: messages of the log, also when they were retracted
 * since, and made ones from the record. Erased and trimmed content is missing. `undefined` when the log has no such
 * handoff, or when its only event was erased.
 *
 * @throws `history-lost` when the incarnation that `session` names is gone, or ends meanwhile.
 */
export async function rebuildContext(
  log: EventLog,
  session: SessionReference,
  handoffId: string,
  given?: CallOptions,
): Promise<RebuiltContext | undefined> {
  const options = admitCall(given);
  const at = admitSession(session, "session", defaultLimits);
  const records = await recordsOf(log, at, handoffId, options);
  if (records.length === 0) return undefined;
  const recorded = contextOf(records);
  if (recorded === undefined) return { handoffId, messages: [], documents: [], complete: false };

  const { context, seq } = recorded;
  const passed = await passedMessages(log, at, context.passed, seq, options);
  const recordedMessages = interleave(passed, context);
  const { arrangement } = context;
  const messages = arrangement === undefined ? recordedMessages : rearrange(recordedMessages, arrangement);
  return {
    handoffId,
    messages,
    documents: context.documents ?? [],
    complete:
      messages.every((one) => "message" in one) &&
      (arrangement === undefined || arrangement.rules === arrangementRules),
  };
}

/** A record with its `seq`. */
interface RecordAt {
  readonly record: HandoffRecord;
  readonly seq: number;
}

async function recordsOf(
  log: EventLog,
  session: SessionReference,
  handoffId: string,
  options: CallOptions,
): Promise<readonly RecordAt[]> {
  const records: RecordAt[] = [];
  for await (const page of readAll(log, session, { ...options, types: ["handoff"], limit: 1000 })) {
    for (const event of page) {
      if (isEvent(event, "handoff") && event.body.handoffId === handoffId)
        records.push({ record: event.body, seq: event.seq });
    }
    if (records.length > 1) break;
  }
  return records;
}

/** The context with the inline messages if it still exists, else the one with their positions only. */
function contextOf(
  records: readonly RecordAt[],
): { readonly context: HandoffContext; readonly seq: number } | undefined {
  const contexts = records.flatMap(({ record: { context }, seq }) =>
    context === undefined ? [] : [{ context, seq }],
  );
  return contexts.find(({ context }) => context.inline !== undefined) ?? contexts[0];
}

/** Inline messages at their positions among the passed ones. Without positions, the inline ones come first. */
function interleave(passed: readonly PassedMessage[], context: HandoffContext): readonly RebuiltMessage[] {
  const { inline = [], inlineAt } = context;
  const made = inlineAt ?? inline.map((_, index) => index);
  const places = new Map(made.map((place, index) => [place, index]));
  const messages: RebuiltMessage[] = [];
  let place = 0;
  const addInline = (): void => {
    for (let index = places.get(place); index !== undefined; index = places.get(place)) {
      const message = inline[index];
      messages.push(
        message === undefined ? { source: "inline", missing: "erased" } : { source: "inline", message },
      );
      place++;
    }
  };
  const stops = [...places.keys()].sort((left, right) => left - right);
  let stop = 0;
  addInline();
  for (const one of passed) {
    let { seq } = one;
    const last = "to" in one ? one.to : seq;
    // A placeholder for several messages is split where an inline one was between them.
    while (seq <= last) {
      while ((stops[stop] ?? Number.POSITIVE_INFINITY) < place) stop++;
      const room = (stops[stop] ?? Number.POSITIVE_INFINITY) - place;
      const to = Math.min(last, seq + room - 1);
      messages.push("to" in one ? { ...one, seq, to } : one);
      place += to - seq + 1;
      seq = to + 1;
      addInline();
    }
  }
  return messages;
}
