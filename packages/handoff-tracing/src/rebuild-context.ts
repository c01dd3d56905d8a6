import {
  type CallOptions,
  type EventLog,
  type HandoffContext,
  type HandoffRecord,
  isEvent,
  type Message,
  rangesInclude,
  readAll,
  type SessionAddress,
} from "@relevo/core";

/** One message that the receiver saw, or the hole where it stood. */
export type RebuiltMessage =
  | { readonly source: "log"; readonly seq: number; readonly message: Message }
  | { readonly source: "log"; readonly seq: number; readonly missing: "erased" | "trimmed" }
  | { readonly source: "inline"; readonly message: Message }
  | { readonly source: "inline"; readonly missing: "erased" };

/** What the receiver of a handoff saw. */
export interface RebuiltContext {
  readonly handoffId: string;
  /** In the order the receiver saw them. */
  readonly messages: readonly RebuiltMessage[];
  readonly documents: readonly (readonly string[])[];
  /** True when no content is missing. */
  readonly complete: boolean;
}

/**
 * Rebuilds what the receiver of a handoff saw, from the log: messages by their places, also when they were
 * retracted since; made ones from the record. Erased and trimmed content shows as missing.
 * `undefined` when the log knows no such handoff, or its only event was erased.
 */
export async function rebuildContext(
  log: EventLog,
  address: SessionAddress,
  handoffId: string,
  options: CallOptions = {},
): Promise<RebuiltContext | undefined> {
  const at = { tenant: address.tenant, session: address.session };
  const records = await recordsOf(log, at, handoffId, options);
  if (records.length === 0) return undefined;
  const recorded = contextOf(records);
  if (recorded === undefined) return { handoffId, messages: [], documents: [], complete: false };

  const { context, seq } = recorded;
  const passed = await passedMessages(log, at, context, seq, options);
  const places = new Map((context.inlineAt ?? []).map((place, index) => [place, index]));
  const messages: RebuiltMessage[] = [];
  // Without places, inline messages stand before the log's.
  if (context.inlineAt === undefined) {
    for (const message of context.inline ?? []) messages.push({ source: "inline", message });
  }
  for (let next = 0; next < passed.length || places.has(messages.length); ) {
    const index = places.get(messages.length);
    if (index === undefined) {
      const one = passed[next++];
      if (one !== undefined) messages.push(one);
      continue;
    }
    const message = context.inline?.[index];
    messages.push(
      message === undefined ? { source: "inline", missing: "erased" } : { source: "inline", message },
    );
  }
  return {
    handoffId,
    messages,
    documents: context.documents ?? [],
    complete: messages.every((one) => "message" in one),
  };
}

/** A record with its place in the log. */
interface RecordAt {
  readonly record: HandoffRecord;
  readonly seq: number;
}

async function recordsOf(
  log: EventLog,
  address: SessionAddress,
  handoffId: string,
  options: CallOptions,
): Promise<readonly RecordAt[]> {
  const records: RecordAt[] = [];
  for await (const page of readAll(log, address, { ...options, types: ["handoff"], limit: 1000 })) {
    for (const event of page) {
      if (isEvent(event, "handoff") && event.body.handoffId === handoffId)
        records.push({ record: event.body, seq: event.seq });
    }
    if (records.length > 1) break;
  }
  return records;
}

/** The context with the inline messages when it is still there, else the one that has only their places. */
function contextOf(
  records: readonly RecordAt[],
): { readonly context: HandoffContext; readonly seq: number } | undefined {
  const contexts = records.flatMap(({ record: { context }, seq }) =>
    context === undefined ? [] : [{ context, seq }],
  );
  return contexts.find(({ context }) => context.inline !== undefined) ?? contexts[0];
}

async function passedMessages(
  log: EventLog,
  address: SessionAddress,
  context: HandoffContext,
  recordedAt: number,
  options: CallOptions,
): Promise<readonly RebuiltMessage[]> {
  const rebuilt: RebuiltMessage[] = [];
  for (const { from, to } of context.passed) {
    // What a framework says was passed may name any place; what came after its record was not passed.
    const range = { from, to: Math.min(to, recordedAt - 1) };
    if (range.from > range.to) continue;
    let expected = range.from;
    const window = { after: range.from - 1, before: range.to + 1, types: ["message"], limit: 1000 } as const;
    for await (const page of readAll(log, address, { ...options, ...window, retracted: "include" })) {
      for (const event of page) {
        if (!rangesInclude(context.passed, event.seq)) continue;
        while (expected < event.seq) rebuilt.push({ source: "log", seq: expected++, missing: "trimmed" });
        expected = event.seq + 1;
        rebuilt.push(
          isEvent(event, "message")
            ? { source: "log", seq: event.seq, message: event.body }
            : { source: "log", seq: event.seq, missing: "erased" },
        );
      }
    }
    while (expected <= range.to) rebuilt.push({ source: "log", seq: expected++, missing: "trimmed" });
  }
  return rebuilt;
}
