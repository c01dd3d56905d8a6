import {
  type CallOptions,
  type Document,
  isEvent,
  type JsonObject,
  type RecalledText,
  type RecallHit,
  type SearchSource,
  type Store,
  type StoredEvent,
} from "@relevo/core";
import type { ScoredItem } from "../scoring/score-question.ts";
import {
  type DocumentTexts,
  ownerOf,
  placeOfDocument,
  publicMetadata,
  supersedersOf,
  textOfDocument,
  timeOfDocument,
} from "./document-text.ts";
import { type MessageEvent, metadataOf, speakerOf, spokenText, timeOf } from "./message-items.ts";
import { pieceStep, piecesOf } from "./pieces.ts";
import { readWindows } from "./read-windows.ts";
import { hasRetractedSources } from "./retracted-sources.ts";
import { sessionsOf } from "./sessions-of.ts";

/** Where the texts of hits are. */
export interface HitStore extends DocumentTexts {
  readonly store: Pick<Store, "log" | "documents">;
  /** Where documents that stand alone are. */
  readonly durable: Pick<Store, "documents">;
}

export interface HitOptions {
  readonly limit: number;
  readonly neighbours: number;
  readonly explain: boolean;
  /** Sessions of these people alone, as they are now; all when left out. */
  readonly users?: readonly string[] | undefined;
}

/** So many events around a message are looked through for its neighbours, beside as many as are asked for. */
const searchedAround = 20;
const hitsAtOnce = 100;
/** What is derived from a conversation takes a look at its sources. */
const readsAtOnce = 16;

type EventSource = Extract<SearchSource, { readonly kind: "event" }>;

/**
 * The texts of the best items, as the store has them now. An index may lag behind its store; what was erased, retracted or
 * deleted meanwhile is not returned, and the next best takes its place. A text whose pieces were found several times
 * is returned once, with its best piece.
 */
export async function readHits(
  from: HitStore,
  tenant: string,
  best: readonly ScoredItem[],
  options: HitOptions,
  call: CallOptions,
): Promise<readonly RecallHit[]> {
  const candidates = distinct(best);
  const hits: RecallHit[] = [];
  for (let next = 0; next < candidates.length && hits.length < options.limit; ) {
    const missing = options.limit - hits.length;
    const batch = candidates.slice(next, next + Math.min(missing, hitsAtOnce));
    next += batch.length;
    const read = await readBatch(from, tenant, batch, options, call);
    for (const hit of await ofUsers(from, tenant, read, options.users, call)) hits.push(hit);
  }
  return hits;
}

/** Asked after the texts were read: a session that was given away in between is left out. */
async function ofUsers(
  { store }: HitStore,
  tenant: string,
  read: readonly (RecallHit | undefined)[],
  users: readonly string[] | undefined,
  call: CallOptions,
): Promise<readonly RecallHit[]> {
  const hits = read.filter((hit) => hit !== undefined);
  if (users === undefined) return hits;
  const sessions = hits.flatMap(({ source: { session } }) => (session === undefined ? [] : [session]));
  const own = await sessionsOf(store.log, tenant, sessions, users, call);
  return hits.filter(({ source: { session } }) => session === undefined || own.has(session));
}

/** In the order of the items. */
async function readBatch(
  from: HitStore,
  tenant: string,
  batch: readonly ScoredItem[],
  options: HitOptions,
  call: CallOptions,
): Promise<readonly (RecallHit | undefined)[]> {
  const { neighbours } = options;
  const around = neighbours === 0 ? 0 : neighbours + searchedAround;
  const messages = batch.flatMap((item, place) =>
    item.source.kind === "event" ? [{ item, source: item.source, place }] : [],
  );
  const documents = batch.flatMap((item, place) =>
    item.source.kind === "document" ? [{ item, source: item.source, place }] : [],
  );
  const hits: (RecallHit | undefined)[] = batch.map(() => undefined);
  const ranges = messages.map(({ source: { session, seq } }) => ({
    session,
    from: Math.max(1, seq - around),
    to: seq + around,
  }));
  const windows = await readWindows(from.store.log, tenant, ranges, call);
  for (const [index, { item, source, place }] of messages.entries()) {
    const window = windows[index];
    const range = ranges[index];
    if (window?.incarnation !== source.incarnation || range === undefined) continue;
    const events = window.events.filter(({ seq }) => seq >= range.from && seq <= range.to);
    hits[place] = messageHit(events, item, source, options);
  }
  const stored = await Promise.all(
    [true, false].map(async (isAlone) => {
      const some = documents.filter(({ source }) => (source.session === undefined) === isAlone);
      const store = isAlone ? from.durable : from.store;
      const addresses = some.map(({ source: { version: _, kind: __, ...address } }) => ({
        tenant,
        ...address,
      }));
      return some.length === 0 ? [] : zip(some, await store.documents.getMany(addresses, call));
    }),
  );
  const found = stored.flat();
  for (let next = 0; next < found.length; next += readsAtOnce)
    await Promise.all(
      found.slice(next, next + readsAtOnce).map(async ([{ item, place }, document]) => {
        hits[place] = await documentHit(from, tenant, item, document, options, call);
      }),
    );
  return hits;
}

function zip<Left, Right>(
  left: readonly Left[],
  right: readonly Right[],
): (readonly [Left, Right | undefined])[] {
  return left.map((one, index) => [one, right[index]] as const);
}

function distinct(best: readonly ScoredItem[]): readonly ScoredItem[] {
  const seen = new Set<string>();
  return best.filter(({ source }) => {
    const key = JSON.stringify(source);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** A document as a hit; `undefined` when it is another one by now, or is not to be found. */
export async function documentHit(
  from: HitStore,
  tenant: string,
  item: Pick<ScoredItem, "source" | "position" | "score" | "parts">,
  document: Document | undefined,
  options: HitOptions,
  call: CallOptions,
): Promise<RecallHit | undefined> {
  const { source, position } = item;
  if (source.kind !== "document") return undefined;
  const { version } = source;
  if (document === undefined || document.version !== version) return undefined;
  const text = textOfDocument(document, from);
  if (text === undefined || (await hasRetractedSources(from.store.log, tenant, document, call)))
    return undefined;
  const { derivedFrom } = document;
  const supersededBy = supersedersOf(document);
  const { subject, agent } = ownerOf(document);
  return {
    source,
    text: piecesOf(text)[position] ?? text,
    at: timeOfDocument(document),
    metadata: publicMetadata(document.metadata),
    ...scoreOf(item, options),
    place: placeOfDocument(document),
    ...(subject === undefined ? {} : { user: subject }),
    ...(agent === undefined ? {} : { agent }),
    ...(derivedFrom === undefined ? {} : { derivedFrom }),
    ...(supersededBy.length === 0 ? {} : { supersededBy }),
  };
}

function scoreOf(
  { score, parts }: Pick<ScoredItem, "score" | "parts">,
  { explain }: HitOptions,
): Pick<RecallHit, "score" | "explain"> {
  return { score, ...(explain ? { explain: parts as unknown as JsonObject } : {}) };
}

/** The message among the events around it. */
function messageHit(
  events: readonly StoredEvent[],
  item: Pick<ScoredItem, "position" | "score" | "parts">,
  source: EventSource,
  options: HitOptions,
): RecallHit | undefined {
  const { neighbours } = options;
  const place = events.findIndex(({ seq }) => seq === source.seq);
  const own = textAt(events, place, source, Math.round((item.position % 1) / pieceStep));
  if (own === undefined) return undefined;
  const agent = agentOf(events[place]);
  return {
    ...own,
    ...scoreOf(item, options),
    place: "messages",
    ...(agent === undefined ? {} : { agent }),
    ...(neighbours === 0 ? {} : { neighbours: neighboursOf(events, place, source, neighbours) }),
  };
}

function agentOf(event: StoredEvent | undefined): string | undefined {
  return event !== undefined && isEvent(event, "message") ? (event.agent ?? event.body.agent) : undefined;
}

function textAt(
  events: readonly StoredEvent[],
  place: number,
  source: EventSource,
  piece: number | undefined,
): RecalledText | undefined {
  const event = events[place];
  const text = event === undefined ? undefined : spokenText(event);
  if (event === undefined || text === undefined || !isEvent(event, "message")) return undefined;
  const message: MessageEvent = event;
  const speaker = speakerOf(message);
  return {
    source: { ...source, seq: message.seq },
    text: piece === undefined ? text : (piecesOf(text)[piece] ?? text),
    at: timeOf(message),
    ...(speaker === undefined ? {} : { speaker }),
    metadata: metadataOf(message),
  };
}

function neighboursOf(
  events: readonly StoredEvent[],
  place: number,
  source: EventSource,
  count: number,
): readonly RecalledText[] {
  const collect = (step: -1 | 1): RecalledText[] => {
    const found: RecalledText[] = [];
    for (let at = place + step; at >= 0 && at < events.length && found.length < count; at += step) {
      const text = textAt(events, at, source, undefined);
      if (text !== undefined) found.push(text);
    }
    return found;
  };
  return [...collect(-1).reverse(), ...collect(1)];
}
