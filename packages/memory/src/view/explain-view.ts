import type {
  CallOptions,
  DroppedRange,
  Message,
  SearchSource,
  SeqRange,
  StoredEvent,
  ViewForm,
} from "@relevo/core";
import { normalizeRanges, rangesOf } from "@relevo/core/input";
import { namespaces } from "../namespaces.ts";
import { readEvents } from "../session/read-events.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import type { TurnRun } from "../turns/turn-run.ts";
import { keyOf, type StoredView } from "./view-record.ts";

export interface ExplainOptions extends CallOptions {
  /** Only views that were recorded for this agent. */
  readonly agent?: string;
}

/** One message as the model was shown it, or why it is not known any more. */
export interface ExplainedMessage {
  /** The message of the log, or the summary, that was shown; absent for one that was made. */
  readonly seq?: number;
  readonly kind: "message" | "summary" | "changed" | "made";
  readonly message?: Message;
  /** `too-large`: it was not recorded. `gone`: it was erased or trimmed since. */
  readonly missing?: "gone" | "too-large";
}

/** What a model was shown, as it was recorded. */
export interface ExplainedView extends ViewForm {
  /** The version of the log that the view was made of. */
  readonly version: number;
  /** When it was recorded, in milliseconds since the epoch. */
  readonly at: number;
  readonly strategy: string;
  /** The id of the turn that the view was made in. */
  readonly turn?: string;
  readonly agent?: string;
  readonly messages: readonly ExplainedMessage[];
  readonly summarized: readonly SeqRange[];
  readonly dropped: readonly DroppedRange[];
  readonly tokens?: number;
  readonly stablePrefixTokens?: number;
  readonly notices?: readonly string[];
  readonly recalled?: readonly SearchSource[];
  /** True when every message is there, exactly as it was shown. */
  readonly complete: boolean;
}

/** How many records are read at once when those of one agent are looked for. */
const recordsAtOnce = 20;
/** Ranges closer than this are read in one page. */
const smallGap = 64;

/** The newest recorded view of what was in the log before `seq`; `undefined` when none was recorded. */
export async function explainView(
  handle: SessionHandle,
  seq: number,
  { agent, signal }: ExplainOptions,
  turn: TurnRun | undefined,
): Promise<ExplainedView | undefined> {
  const stored = await newestBefore(handle, seq, agent, signal);
  if (stored === undefined) return undefined;
  const { shown, summaries = [], others = [], ...facts } = stored;
  const wanted = [...shown, ...summaries.map((one) => ({ from: one.seq, to: one.seq }))];
  const events = await eventsAt(handle, wanted, signal);
  const changed = others.flatMap((one) => (one.seq === undefined ? [] : [one.seq]));
  turn?.noteSeen([...wanted, ...rangesOf(changed), ...facts.summarized]);
  const places = new Map<number, ExplainedMessage>();
  for (const one of summaries) {
    const event = events.get(one.seq);
    const text = event?.type === "summary" ? event.body?.text : undefined;
    const message: Message | undefined =
      text === undefined ? undefined : { role: one.role, content: one.before + text + one.after };
    places.set(one.at, { seq: one.seq, kind: "summary", ...(message === undefined ? gone : { message }) });
  }
  for (const { at, seq: of, message } of others) {
    const kind = of === undefined ? "made" : "changed";
    const place = of === undefined ? {} : { seq: of };
    places.set(at, { ...place, kind, ...(message === undefined ? { missing: "too-large" } : { message }) });
  }
  const messages: ExplainedMessage[] = [];
  const addOthers = (): void => {
    for (let one = places.get(messages.length); one !== undefined; one = places.get(messages.length))
      messages.push(one);
  };
  addOthers();
  for (const { from, to } of shown) {
    for (let at = from; at <= to; at++) {
      const event = events.get(at);
      const message = event?.type === "message" ? event.body : undefined;
      messages.push({ seq: at, kind: "message", ...(message === undefined ? gone : { message }) });
      addOthers();
    }
  }
  return { ...facts, messages, complete: messages.every(({ missing }) => missing === undefined) };
}

const gone = { missing: "gone" } as const;

async function newestBefore(
  handle: SessionHandle,
  seq: number,
  agent: string | undefined,
  signal: AbortSignal | undefined,
): Promise<StoredView | undefined> {
  const known = handle.incarnation;
  let cursor: string | undefined;
  do {
    const page = await handle.store.documents.find(handle.address, {
      namespace: namespaces.views,
      // A view of version 4 was made before event 5 was appended.
      keyBefore: keyOf(seq),
      direction: "backward",
      limit: agent === undefined ? 1 : recordsAtOnce,
      ...(cursor === undefined ? {} : { cursor }),
      signal,
    });
    handle.learn(known, page.items[0]?.incarnation);
    for (const { value } of page.items) {
      const stored = value as unknown as StoredView;
      if (agent === undefined || stored.agent === agent) return stored;
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return undefined;
}

/** The events at these places, also when they were retracted since. Ranges far apart are read apart. */
async function eventsAt(
  handle: SessionHandle,
  ranges: readonly SeqRange[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, StoredEvent>> {
  const spans: { from: number; to: number }[] = [];
  for (const { from, to } of normalizeRanges(ranges)) {
    const last = spans.at(-1);
    if (last !== undefined && from - last.to <= smallGap) last.to = to;
    else spans.push({ from, to });
  }
  const events = new Map<number, StoredEvent>();
  for (const { from, to } of spans) {
    const found = await readEvents(handle, {
      types: ["message", "summary"],
      retracted: "include",
      after: from - 1,
      before: to + 1,
      signal,
    });
    for (const event of found.events) events.set(event.seq, event);
  }
  return events;
}
