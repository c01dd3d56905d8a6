import {
  type CallOptions,
  isEvent,
  type JsonObject,
  type RecalledText,
  type RecallHit,
  type SearchSource,
  type Store,
  type StoredEvent,
} from "@relevo/core";
import type { ScoredItem } from "../scoring/score-question.ts";
import { type MessageEvent, metadataOf, speakerOf, spokenText, timeOf } from "./message-items.ts";
import { pieceStep, piecesOf } from "./pieces.ts";

export interface HitOptions {
  readonly limit: number;
  readonly neighbours: number;
  readonly explain: boolean;
}

/** So many events around a message are looked through for its neighbours, beside as many as are asked for. */
const searchedAround = 20;
const readsAtOnce = 16;

type EventSource = Extract<SearchSource, { readonly kind: "event" }>;

/**
 * The texts of the best items, as the store has them now. An index may lag behind its store; what was erased, retracted or
 * deleted meanwhile is not returned, and the next best takes its place. A text whose pieces were found several times
 * is returned once, with its best piece.
 */
export async function readHits(
  store: Pick<Store, "log">,
  tenant: string,
  best: readonly ScoredItem[],
  options: HitOptions,
  call: CallOptions,
): Promise<readonly RecallHit[]> {
  const candidates = distinct(best);
  const hits: RecallHit[] = [];
  for (let from = 0; from < candidates.length && hits.length < options.limit; ) {
    const missing = options.limit - hits.length;
    const batch = candidates.slice(from, from + Math.min(missing, readsAtOnce));
    from += batch.length;
    const read = await Promise.all(batch.map((item) => readHit(store, tenant, item, options, call)));
    for (const hit of read) if (hit !== undefined) hits.push(hit);
  }
  return hits;
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

async function readHit(
  store: Pick<Store, "log">,
  tenant: string,
  { source, position, score, parts }: ScoredItem,
  { neighbours, explain }: HitOptions,
  call: CallOptions,
): Promise<RecallHit | undefined> {
  if (source.kind !== "event") return undefined;
  const around = neighbours === 0 ? 0 : neighbours + searchedAround;
  const { events, incarnation } = await store.log.read(
    { tenant, session: source.session },
    {
      after: Math.max(0, source.seq - 1 - around),
      before: source.seq + 1 + around,
      limit: 1 + 2 * around,
      types: ["message"],
      ...call,
    },
  );
  if (incarnation !== source.incarnation) return undefined;
  const place = events.findIndex(({ seq }) => seq === source.seq);
  const own = textAt(events, place, source, Math.round((position % 1) / pieceStep));
  if (own === undefined) return undefined;
  return {
    ...own,
    score,
    ...(neighbours === 0 ? {} : { neighbours: neighboursOf(events, place, source, neighbours) }),
    ...(explain ? { explain: parts as unknown as JsonObject } : {}),
  };
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
