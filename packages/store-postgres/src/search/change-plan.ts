import type { SearchChange, SearchItem } from "@relevo/core";
import { tooLarge } from "@relevo/core/input";
import { chunkBytes, chunkHeads, factColumns, factsAt, type ItemFacts, readChunk } from "./facts.ts";
import { nameKey } from "./keys.ts";
import { AddedPostings } from "./postings.ts";
import { vectorText } from "./vectors.ts";

/** So many items make a chunk: few enough to be written again with each message, and enough to be read at once. */
const chunkItems = 256;
const highestNumber = 2 ** 31 - 1;

/** What `open_search_stream` answers. */
export interface OpenedStream {
  readonly tenant: TenantTotals;
  readonly stream: {
    readonly number: number;
    readonly incarnation: string;
    readonly revision: number;
    readonly language: string | null;
    readonly items: number;
    readonly length: number;
    readonly nextChunk: number;
  } | null;
  readonly chunks: readonly (readonly [chunk: number, facts: string])[] | null;
  /** Of the names asked for, by place, those that have a number. */
  readonly names: readonly (readonly [place: number, name: number])[] | null;
}

interface TenantTotals {
  readonly nextItem: number;
  readonly nextStream: number;
  readonly nextName: number;
  readonly items: number;
  readonly streams: number;
  readonly length: number;
  readonly languages: { readonly [language: string]: number };
}

/** What a change makes of a stream. `rows` are fields of the argument of `write_search_stream`. */
export interface ChangePlan {
  readonly stream: number;
  readonly removedItems: readonly number[];
  /** The argument of `write_search_vectors`. */
  readonly vectors: readonly object[];
  readonly rows: object;
}

/** The keys of the names of a change, each once. */
export function namesOf(items: readonly SearchItem[]): readonly string[] {
  const names = new Set<string>();
  for (const { speaker, agent, names: others = [] } of items) {
    for (const name of [speaker, agent, ...others]) if (name !== undefined) names.add(name);
  }
  return [...names];
}

/**
 * What becomes of a stream, of its chunks and items, of the totals and of names.
 *
 * @param change `undefined` when the stream is removed.
 * @param names What `namesOf` gave for the change, with the answer of the database.
 */
export function planChange(
  opened: OpenedStream,
  change: (SearchChange & { readonly place: string; readonly incarnation: string }) | undefined,
  names: readonly string[],
): ChangePlan {
  const known = opened.stream;
  const anew = change !== undefined && known !== null && known.incarnation !== change.incarnation;
  const stream = known?.number ?? opened.tenant.nextStream;
  const present = presentItems(opened);
  const goes = change === undefined || anew ? () => true : isReplaced(change);
  const removed = present.items.filter((item) => goes(item.position));
  const stays = present.items.filter((item) => !goes(item.position));

  const numbers = new Numbers(opened, names, removed);
  const postings = new AddedPostings();
  const items: object[] = [];
  const vectors: object[] = [];
  const added = (change?.items ?? []).map((item) => {
    const facts = numbers.factsOf(item);
    const { item: number, at, agent } = facts;
    items.push({
      item: number,
      terms: postings.add(number, item.terms),
      details: detailsOf(item),
      at,
      agent,
    });
    if (item.vector !== undefined) vectors.push({ item: number, vector: vectorText(item.vector) });
    return facts;
  });
  for (const item of removed) numbers.free(item);

  const isChanged = removed.length > 0 || added.length > 0;
  const merged = isChanged ? [...stays, ...added].sort((a, b) => a.position - b.position) : [];
  const nextChunk = known?.nextChunk ?? 0;
  const chunks = isChanged
    ? chunksOf(stream, merged, present.chunks, nextChunk)
    : { written: [], removed: [], next: nextChunk };
  const count = (known?.items ?? 0) - removed.length + added.length;
  const length = (known?.length ?? 0) - sumOfLengths(removed) + sumOfLengths(added);
  const language = change?.language ?? (anew ? undefined : (known?.language ?? undefined));
  return {
    stream,
    removedItems: removed.map(({ item }) => item),
    vectors,
    rows: {
      anew,
      tenant: totalsAfter(opened, numbers, {
        items: count,
        length,
        language,
        isRemoved: change === undefined,
      }),
      stream: change && {
        place: change.place,
        name: JSON.stringify(change.stream),
        language: change.language ?? null,
        subject: change.subject ?? null,
        progress: change.progress === undefined ? null : JSON.stringify(change.progress),
        incarnation: change.incarnation,
        revision: change.revision,
        items: count,
        length,
        next_chunk: chunks.next,
      },
      chunks: chunks.written,
      removedChunks: chunks.removed,
      removedItems: removed.map(({ item }) => item),
      items,
      ...postings.rows(),
      ...numbers.rows(),
    },
  };
}

/** The items of the chunks that were opened, in the order of their positions. */
function presentItems({ chunks }: OpenedStream): {
  readonly items: readonly ItemFacts[];
  readonly chunks: readonly number[];
} {
  const items: ItemFacts[] = [];
  for (const [, facts] of chunks ?? []) {
    const bytes = Buffer.from(facts, "hex");
    for (const head of chunkHeads(bytes)) {
      const columns = factColumns(head.count);
      readChunk(bytes, head, columns, 0);
      for (let place = 0; place < head.count; place++) items.push(factsAt(columns, place));
    }
  }
  items.sort((a, b) => a.position - b.position);
  return { items, chunks: (chunks ?? []).map(([chunk]) => chunk) };
}

function isReplaced({ after, through, keep }: SearchChange): (position: number) => boolean {
  const kept = new Set(keep);
  return (position) => {
    const whole = Math.floor(position);
    return (
      whole > (after ?? Number.NEGATIVE_INFINITY) &&
      whole <= (through ?? Number.POSITIVE_INFINITY) &&
      !kept.has(whole)
    );
  };
}

function detailsOf({ metadata, value }: SearchItem): string | null {
  return metadata === undefined && value === undefined ? null : JSON.stringify({ metadata, value });
}

function sumOfLengths(items: readonly ItemFacts[]): number {
  return items.reduce((sum, { length }) => sum + length, 0);
}

/** Gives items and names their numbers, and counts how often names are used. */
class Numbers {
  readonly #free: number[];
  readonly #names: Map<string, number>;
  readonly #used: Map<number, { key: string; said: number; others: number }> = new Map();
  readonly #freed: Map<number, { said: number; others: number }> = new Map();
  nextItem: number;
  nextName: number;

  constructor({ tenant, names }: OpenedStream, wanted: readonly string[], removed: readonly ItemFacts[]) {
    // What replaces items takes their numbers, so that writing a stream again does not spread its postings.
    this.#free = removed.map(({ item }) => item).sort((a, b) => b - a);
    this.nextItem = tenant.nextItem;
    this.nextName = tenant.nextName;
    const known = new Map(names ?? []);
    this.#names = new Map(wanted.map((name, place) => [name, known.get(place) ?? this.nextName++]));
  }

  factsOf(item: SearchItem): ItemFacts {
    const { speaker, agent, names = [] } = item;
    const number = this.#free.pop() ?? this.nextItem++;
    if (number > highestNumber || this.nextName > highestNumber)
      throw tooLarge("change.items", "numbers of items", highestNumber, number);
    return {
      item: number,
      position: item.position,
      at: item.at,
      length: item.terms.reduce((sum, [, statements, questions]) => sum + statements + questions, 0),
      marks: item.marks,
      speaker: speaker === undefined ? -1 : this.#use(speaker, "said"),
      agent: agent === undefined ? -1 : this.#use(agent, "others"),
      times: item.times ?? [],
      names: names.map((name) => this.#use(name, "others")),
    };
  }

  #use(name: string, as: "said" | "others"): number {
    const number = this.#names.get(name) ?? -1;
    const uses = this.#used.get(number) ?? { key: nameKey(name), said: 0, others: 0 };
    uses[as]++;
    this.#used.set(number, uses);
    return number;
  }

  free({ speaker, agent, names }: ItemFacts): void {
    if (speaker >= 0) this.#release(speaker, "said");
    if (agent >= 0) this.#release(agent, "others");
    for (const name of names) this.#release(name, "others");
  }

  #release(number: number, as: "said" | "others"): void {
    const uses = this.#freed.get(number) ?? { said: 0, others: 0 };
    uses[as]++;
    this.#freed.set(number, uses);
  }

  rows(): object {
    return {
      usedNames: [...this.#used].map(([name, uses]) => ({ name, ...uses })),
      freedNames: [...this.#freed].map(([name, uses]) => ({ name, ...uses })),
    };
  }
}

interface WrittenChunks {
  readonly written: readonly object[];
  readonly removed: readonly number[];
  readonly next: number;
}

/** Items as chunks, which take the numbers of those that were there. */
function chunksOf(
  stream: number,
  items: readonly ItemFacts[],
  present: readonly number[],
  nextChunk: number,
): WrittenChunks {
  const written: object[] = [];
  let next = nextChunk;
  for (let from = 0; from < items.length; from += chunkItems) {
    const part = items.slice(from, from + chunkItems);
    const times = part.map(({ at }) => at);
    const about = part.flatMap((item) => [item.at, ...item.times]);
    const chunk = present[written.length] ?? next++;
    written.push({
      chunk,
      first: part[0]?.position,
      last: part.at(-1)?.position,
      at_from: least(times),
      at_through: -least(times.map((time) => -time)),
      about_from: least(about),
      about_through: -least(about.map((time) => -time)),
      facts: chunkBytes(stream, chunk, part).toString("hex"),
    });
  }
  return { written, removed: present.slice(written.length), next };
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((least, number) => Math.min(least, number), Number.POSITIVE_INFINITY);
}

function totalsAfter(
  { tenant, stream }: OpenedStream,
  { nextItem, nextName }: Numbers,
  after: {
    readonly items: number;
    readonly length: number;
    readonly language: string | undefined;
    readonly isRemoved: boolean;
  },
): object {
  const languages = new Map(Object.entries(tenant.languages));
  const count = (language: string | null | undefined, change: 1 | -1): void => {
    if (language === null || language === undefined) return;
    const left = (languages.get(language) ?? 0) + change;
    if (left > 0) languages.set(language, left);
    else languages.delete(language);
  };
  if (stream !== null && stream.items > 0) count(stream.language, -1);
  if (after.items > 0) count(after.language, 1);
  const wasFilled = stream !== null && stream.items > 0 ? 1 : 0;
  return {
    next_item: nextItem,
    next_stream: tenant.nextStream + (stream === null && !after.isRemoved ? 1 : 0),
    next_name: nextName,
    items: tenant.items + after.items - (stream?.items ?? 0),
    streams: tenant.streams + (after.items > 0 ? 1 : 0) - wasFilled,
    length: tenant.length + after.length - (stream?.length ?? 0),
    languages: JSON.stringify(Object.fromEntries(languages)),
  };
}
