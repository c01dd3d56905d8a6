import type {
  DroppedRange,
  JsonValue,
  Limits,
  Message,
  Role,
  SearchSource,
  SeqRange,
  StoredEvent,
  View,
  ViewForm,
  ViewSource,
} from "@relevo/core";
import {
  admitFields,
  admitJson,
  admitOptionalId,
  admitTtl,
  errorLine,
  type FieldTable,
  fieldTable,
  normalizeRanges,
  rangesOf,
} from "@relevo/core/input";
import { namespaces } from "../namespaces.ts";
import type { SessionHandle } from "../session/session-handle.ts";

/** What a record says of a view beside the view itself. */
export interface ViewRecordOptions {
  /** The agent whose model is shown the view, to tell its views from those of others. */
  readonly agent?: string;
  /** What the model is shown beside the view, as recall named it. */
  readonly recalled?: readonly SearchSource[] | undefined;
  /** How long the record is kept; as long as the session when left out. */
  readonly ttlMs?: number | undefined;
}

const recordFields: FieldTable = fieldTable<ViewRecordOptions>({
  agent: "selects",
  recalled: "refines",
  ttlMs: "refines",
});

/** Where a summary of the log stood, and what stood around its text. */
export interface ShownSummary {
  /** Its index in the view. */
  readonly at: number;
  readonly seq: number;
  readonly role: Role;
  readonly before: string;
  readonly after: string;
}

/** A message that is in the view and not in the log as it was shown. */
export interface ShownOtherwise {
  readonly at: number;
  /** The message of the log that it is another form of; absent for one that was made. */
  readonly seq?: number;
  /** Absent when it was too large for the record. */
  readonly message?: Message;
}

/** A view as it is kept: ranges for what is in the log, and words only for what is not. */
export interface StoredView extends ViewForm {
  readonly version: number;
  readonly at: number;
  readonly strategy: string;
  /** The id of the turn that the view was made in. */
  readonly turn?: string;
  readonly agent?: string;
  /** The messages that were shown as they are in the log, in the order shown. */
  readonly shown: readonly SeqRange[];
  readonly summaries?: readonly ShownSummary[];
  readonly others?: readonly ShownOtherwise[];
  readonly summarized: readonly SeqRange[];
  readonly dropped: readonly DroppedRange[];
  readonly tokens?: number;
  readonly stablePrefixTokens?: number;
  readonly notices?: readonly string[];
  readonly recalled?: readonly SearchSource[];
}

/** The events that a strategy has read, by `seq`. */
export type SeenEvents = Map<number, StoredEvent>;

/** Messages that are recorded whole may be this long together, in characters of JSON. */
const largestOthers = 65_536;
/** The most ranges that a document may name as its sources. */
const maxSources = 1000;

/** @throws `invalid-input` for what no record can be made of. */
export function admitRecord(
  given: boolean | ViewRecordOptions | undefined,
  limits: Limits,
): ViewRecordOptions | undefined {
  if (given === undefined || given === false) return undefined;
  if (given === true) return {};
  const { recalled, ...record } = admitFields(given, "record", recordFields);
  admitOptionalId(record.agent, "record.agent", limits);
  admitTtl(record.ttlMs, "record.ttlMs");
  if (recalled === undefined) return record;
  const { value } = admitJson(recalled, "record.recalled", limits);
  return { ...record, recalled: value as unknown as readonly SearchSource[] };
}

/** What is known of a view beside what it answers. */
interface ViewFacts {
  readonly strategy: string;
  readonly form: ViewForm;
  readonly seen: SeenEvents;
  readonly turn: string | undefined;
}

/** The same source; `seen` gets every event that is read through it. */
export function observeSource(source: ViewSource, seen: SeenEvents): ViewSource {
  const note = (events: readonly StoredEvent[]): readonly StoredEvent[] => {
    for (const event of events) seen.set(event.seq, event);
    return events;
  };
  const { latest } = source;
  return {
    ...source,
    readBackward: async (options) => note(await source.readBackward(options)),
    pinned: async (options) => note(await source.pinned(options)),
    ...(latest === undefined
      ? {}
      : { latest: async (options) => observeSource(await latest(options), seen) }),
  };
}

/**
 * Keeps what a model is shown as a document of the session: one write, which moves neither its version nor its idle time.
 *
 * @returns the view; with a notice when it could not be recorded, because the model can be asked all the same.
 */
export async function recordView(
  handle: SessionHandle,
  view: View,
  facts: ViewFacts,
  record: ViewRecordOptions,
  options: { readonly fence?: number; readonly signal?: AbortSignal | undefined },
): Promise<View> {
  const { incarnation, runtime, store, address } = handle;
  // There is no session that could keep it, and recording must not create one.
  if (incarnation === undefined) return view;
  const { value, sources } = storedView(view, facts, record, runtime.clock.now());
  const key = `${keyOf(view.version)}-${runtime.ids.next()}`;
  try {
    const { removalRevision } = view;
    await store.documents.put(
      { ...address, namespace: namespaces.views, key },
      {
        value: value as unknown as JsonValue,
        ttlMs: record.ttlMs,
        ...(sources.length === 0
          ? {}
          : {
              derivedFrom: {
                events: { session: handle.address.session, incarnation, removalRevision, ranges: sources },
              },
            }),
      },
      { incarnation, ...options },
    );
    return view;
  } catch (error) {
    const notice = `The view could not be recorded: ${errorLine(error)}`;
    return { ...view, notices: [...(view.notices ?? []), notice] };
  }
}

/** Keys in the order of versions. */
export function keyOf(version: number): string {
  return String(version).padStart(16, "0");
}

/** The record, and what its words repeat: an erasure of any of it takes the whole record. */
function storedView(
  view: View,
  { strategy, form, seen, turn }: ViewFacts,
  { agent, recalled }: ViewRecordOptions,
  at: number,
): { readonly value: StoredView; readonly sources: readonly SeqRange[] } {
  const shown: { from: number; to: number }[] = [];
  const summaries: ShownSummary[] = [];
  const others: ShownOtherwise[] = [];
  let room = largestOthers;
  const texts = [...seen.values()].flatMap(({ seq, type, body }) =>
    type === "summary" && body !== undefined ? [{ seq, text: body.text }] : [],
  );
  for (const [index, message] of view.messages.entries()) {
    const seq = view.seqs[index];
    const last = shown.at(-1);
    if (seq !== undefined && seen.get(seq)?.body === message) {
      if (last?.to === seq - 1) last.to = seq;
      else shown.push({ from: seq, to: seq });
      continue;
    }
    // A strategy may say which summary it shows.
    const isSummary = seq === undefined || seen.get(seq)?.type === "summary";
    const summary = isSummary ? summaryIn(message, index, texts) : undefined;
    if (summary !== undefined) {
      summaries.push(summary);
      continue;
    }
    const size = JSON.stringify(message).length;
    const fits = size <= room;
    if (fits) room -= size;
    others.push({ at: index, ...(seq === undefined ? {} : { seq }), ...(fits ? { message } : {}) });
  }
  const { version, summarized, dropped, tokens, stablePrefixTokens, notices } = view;
  const value: StoredView = {
    version,
    at,
    strategy,
    ...(turn === undefined ? {} : { turn }),
    ...(agent === undefined ? {} : { agent }),
    ...(form.for === undefined ? {} : { for: form.for }),
    ...(form.prefill === undefined ? {} : { prefill: form.prefill }),
    shown,
    ...(summaries.length === 0 ? {} : { summaries }),
    ...(others.length === 0 ? {} : { others }),
    summarized,
    dropped,
    ...(tokens === undefined ? {} : { tokens }),
    ...(stablePrefixTokens === undefined ? {} : { stablePrefixTokens }),
    ...(notices === undefined ? {} : { notices }),
    ...(recalled === undefined ? {} : { recalled }),
  };
  const hasWords = others.some(({ message }) => message !== undefined);
  return { value, sources: hasWords ? sourcesOf(shown, others, summarized) : [] };
}

/** What made messages repeat is not known, so it is everything that was shown. */
function sourcesOf(
  shown: readonly SeqRange[],
  others: readonly ShownOtherwise[],
  summarized: readonly SeqRange[],
): readonly SeqRange[] {
  const changed = rangesOf(others.flatMap(({ seq }) => (seq === undefined ? [] : [seq])));
  const isMade = others.some(({ seq }) => seq === undefined);
  const ranges = normalizeRanges(isMade ? [...shown, ...changed, ...summarized] : changed);
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (ranges.length <= maxSources || first === undefined || last === undefined) return ranges;
  return [{ from: first.from, to: last.to }];
}

/** The summary whose text this message shows and nothing else of the log, the newest if several would do. */
function summaryIn(
  message: Message,
  at: number,
  texts: readonly { readonly seq: number; readonly text: string }[],
): ShownSummary | undefined {
  const { role, content, ...rest } = message;
  if (typeof content !== "string" || Object.keys(rest).length > 0) return undefined;
  for (const { seq, text } of [...texts].sort((left, right) => right.seq - left.seq)) {
    const start = content.indexOf(text);
    if (start === -1) continue;
    const [before, after] = [content.slice(0, start), content.slice(start + text.length)];
    // A strategy that adds more than a heading shows more than the summary.
    if (before.length + after.length <= longestHeading) return { at, seq, role, before, after };
  }
  return undefined;
}

const longestHeading = 200;
