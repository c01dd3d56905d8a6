import type {
  JsonValue,
  SearchChange,
  SearchFilter,
  SearchIndex,
  SearchIndexState,
  SearchItem,
  SearchPostings,
  SearchReading,
  SearchRequest,
  SearchSelector,
  SearchSource,
  SearchStream,
  SearchStreamState,
} from "@relevo/core";
import { refuse } from "@relevo/core/input";
import { decodeCursor, encodeCursor, whereMatcher } from "@relevo/core/store";

interface ReferenceStream {
  stream: SearchStream;
  revision: number;
  items: readonly SearchItem[];
  language?: string | undefined;
  subject?: string | undefined;
  progress?: JsonValue | undefined;
}

interface ReferenceTenant {
  streams: Map<string, ReferenceStream>;
  mark?: JsonValue;
}

/** An item with its stream, as a reading numbers them. */
interface NumberedItem {
  readonly item: SearchItem;
  readonly owner: ReferenceStream;
  readonly owners: number;
}

/**
 * The port of search as plainly as it can be written: everything is kept as it was written, and each reading is computed from scratch. It
 * trusts its input. Readings number items from the last to the first, so that whoever scores them cannot rely on an order.
 */
export function createReferenceIndex(): SearchIndex {
  const tenants = new Map<string, ReferenceTenant>();

  function tenantOf(tenant: string): ReferenceTenant {
    const found = tenants.get(tenant) ?? { streams: new Map() };
    tenants.set(tenant, found);
    return found;
  }

  return {
    async write(tenant, change) {
      const { streams } = tenantOf(tenant);
      const copy = structuredClone(change);
      const key = keyOf(copy.stream);
      const known = streams.get(key);
      if (known !== undefined && isOlder(copy, known)) return false;
      const same =
        known !== undefined && incarnationOf(known.stream) === incarnationOf(copy.stream) ? known : undefined;
      streams.set(key, {
        stream: copy.stream,
        revision: copy.revision,
        items: replaced(same?.items ?? [], copy),
        language: copy.language ?? same?.language,
        subject: copy.subject ?? same?.subject,
        progress: copy.progress ?? same?.progress,
      });
      return true;
    },
    async remove(tenant, selector) {
      const found = tenantOf(tenant);
      let removed = 0;
      for (const [key, { stream, items }] of [...found.streams]) {
        if (!selects(selector, stream)) continue;
        removed += items.length;
        found.streams.delete(key);
      }
      if ("all" in selector) tenants.delete(tenant);
      return removed;
    },
    async streams(tenant, selector, { limit = 100, cursor } = {}) {
      const after = cursor === undefined ? "" : String(decodeCursor("reference", cursor, 1)[0]);
      const found = [...tenantOf(tenant).streams]
        .filter(([key, { stream }]) => key > after && selects(selector, stream))
        .sort(([left], [right]) => (left < right ? -1 : 1));
      const last = found[limit - 1]?.[0];
      return {
        items: found.slice(0, limit).map(([, stream]) => stateOf(stream)),
        ...(last !== undefined && found.length > limit ? { cursor: encodeCursor("reference", [last]) } : {}),
      };
    },
    async state(tenant) {
      return indexStateOf(tenantOf(tenant));
    },
    async mark(tenant, mark) {
      tenantOf(tenant).mark = structuredClone(mark);
    },
    async lookup(tenant, groups) {
      const terms = new Set(
        itemsOf(tenantOf(tenant)).flatMap(({ item }) => item.terms.map(([term]) => term)),
      );
      return groups.map((words) => {
        if (words.some((word) => terms.has(word))) return undefined;
        const similar = [...terms].filter(
          (term) => term.length >= 4 && words.some((word) => isSimilar(word, term)),
        );
        return similar.sort().slice(0, 64);
      });
    },
    async read(tenant, request, score) {
      return score(readingOf(tenantOf(tenant), request));
    },
  };
}

function keyOf(stream: SearchStream): string {
  if (stream.kind === "session") return `s\0${stream.session}\0`;
  const owner = stream.session === undefined ? "d\0" : `s\0${stream.session}\0\u0001`;
  return `${owner}${stream.namespace.map((element) => `${element}\0`).join("")}\0${stream.key}`;
}

function incarnationOf(stream: SearchStream): string {
  return stream.kind === "session" ? stream.incarnation : "";
}

function isOlder(change: SearchChange, known: ReferenceStream): boolean {
  const [now, before] = [incarnationOf(change.stream), incarnationOf(known.stream)];
  return now === before ? change.revision < known.revision : now < before;
}

function replaced(items: readonly SearchItem[], change: SearchChange): readonly SearchItem[] {
  const { after = Number.NEGATIVE_INFINITY, through = Number.POSITIVE_INFINITY, keep = [] } = change;
  const stays = ({ position }: SearchItem): boolean => {
    const whole = Math.floor(position);
    return whole <= after || whole > through || keep.includes(whole);
  };
  return [...items.filter(stays), ...change.items].sort((a, b) => a.position - b.position);
}

function selects(selector: SearchSelector, stream: SearchStream): boolean {
  if ("all" in selector) return true;
  if ("session" in selector) return stream.session === selector.session;
  if (stream.kind !== "document" || stream.session !== undefined) return false;
  const { namespacePrefix, key } = selector;
  if (key !== undefined && (stream.key !== key || stream.namespace.length !== namespacePrefix.length))
    return false;
  return isBelow(namespacePrefix, stream.namespace);
}

function isBelow(prefix: readonly string[], namespace: readonly string[]): boolean {
  return prefix.every((element, index) => namespace[index] === element);
}

function stateOf({
  stream,
  revision,
  items,
  language,
  subject,
  progress,
}: ReferenceStream): SearchStreamState {
  return {
    stream,
    revision,
    items: items.length,
    ...(language === undefined ? {} : { language }),
    ...(subject === undefined ? {} : { subject }),
    ...(progress === undefined ? {} : { progress }),
  };
}

function indexStateOf(tenant: ReferenceTenant): SearchIndexState {
  const all = itemsOf(tenant);
  const languages: Record<string, number> = {};
  for (const { language, items } of tenant.streams.values())
    if (language !== undefined && items.length > 0) languages[language] = (languages[language] ?? 0) + 1;
  const times = all.map(({ item }) => item.at).sort((a, b) => a - b);
  const [from, to] = [times[0], times.at(-1)];
  return {
    items: all.length,
    languages,
    ...(from === undefined || to === undefined ? {} : { span: { from, to } }),
    ...(tenant.mark === undefined ? {} : { mark: tenant.mark }),
  };
}

/** From the last to the first. */
function itemsOf({ streams }: ReferenceTenant): readonly NumberedItem[] {
  return [...streams.values()]
    .flatMap((owner, owners) => owner.items.map((item) => ({ item, owner, owners })))
    .reverse();
}

function isSimilar(word: string, term: string): boolean {
  return (word.length >= 5 && term.startsWith(word.slice(0, 5))) || isOneEditAway(word, term);
}

/** Tries every edit of one word. */
function isOneEditAway(word: string, term: string): boolean {
  for (let at = 0; at <= Math.min(word.length, term.length); at++) {
    const cut = (text: string, from: number): string => text.slice(from);
    const head = word.slice(0, at);
    if (!term.startsWith(head)) return false;
    if (cut(word, at + 1) === cut(term, at + 1)) return true;
    if (cut(word, at) === cut(term, at + 1) || cut(word, at + 1) === cut(term, at)) return true;
    const swapped = `${word[at + 1] ?? ""}${word[at] ?? ""}`;
    if (swapped.length === 2 && head + swapped + cut(word, at + 2) === term) return true;
  }
  return false;
}

function readingOf(tenant: ReferenceTenant, request: SearchRequest): SearchReading {
  const owners = [...tenant.streams.values()];
  const items = itemsOf(tenant);
  const lengthOf = ({ item }: NumberedItem): number =>
    item.terms.reduce((sum, [, statements, questions]) => sum + statements + questions, 0);
  const speakers = [...new Set(items.flatMap(({ item }) => item.speaker ?? []))];
  const numberOf = (speaker: string | undefined): number =>
    speaker === undefined ? -1 : speakers.indexOf(speaker);
  const at = (number: number): NumberedItem => {
    const found = items[number];
    if (found === undefined) throw new RangeError(`There is no item ${number}.`);
    return found;
  };
  const neighbour = (number: number, step: 1 | -1): number => {
    const { owner, item } = at(number);
    const other = owner.items[owner.items.indexOf(item) + step];
    return other === undefined ? -1 : items.findIndex((one) => one.item === other);
  };
  const allows = (number: number): boolean => isAllowed(request.filter ?? {}, at(number));
  const numbers = items.map((_, number) => number);
  return {
    items: items.length,
    streams: owners.filter((owner) => owner.items.length > 0).length,
    length: items.reduce((sum, one) => sum + lengthOf(one), 0),
    postings: request.terms.map((term) => postingsOf(term, items)),
    asked: Int32Array.from(request.speakers ?? [], numberOf),
    dated: Int32Array.from(numbers.filter((number) => isAbout(at(number).item, request.times ?? []))),
    nearest: nearestOf(request, items, allows),
    size: items.length,
    stream: Int32Array.from(items, (one) => one.owners),
    previous: Int32Array.from(numbers, (number) => neighbour(number, -1)),
    next: Int32Array.from(numbers, (number) => neighbour(number, 1)),
    lengths: Int32Array.from(items, lengthOf),
    at: Float64Array.from(items, ({ item }) => item.at),
    marks: Int32Array.from(items, ({ item }) => item.marks),
    speakers: Int32Array.from(items, ({ item }) => numberOf(item.speaker)),
    times: (number) => at(number).item.times ?? [],
    strangers: (number) => (at(number).item.names ?? []).filter((name) => !speakers.includes(name)).length,
    streamCount: owners.length,
    first: Int32Array.from(owners, (owner) => items.findIndex(({ item }) => item === owner.items[0])),
    streamLengths: Float64Array.from(owners, (owner) =>
      items.filter((one) => one.owner === owner).reduce((sum, one) => sum + lengthOf(one), 0),
    ),
    allows,
    source: (number) => sourceOf(at(number)),
    position: (number) => at(number).item.position,
  };
}

function postingsOf(term: string, items: readonly NumberedItem[]): SearchPostings | undefined {
  const found = items.flatMap(({ item }, number) =>
    item.terms.flatMap(([held, statements, questions]) =>
      held === term ? [{ number, counts: statements + 256 * questions }] : [],
    ),
  );
  if (found.length === 0) return undefined;
  return {
    holders: found.length,
    count: found.length,
    items: Int32Array.from(found, ({ number }) => number),
    counts: Uint16Array.from(found, ({ counts }) => counts),
  };
}

function isAbout(item: SearchItem, asked: readonly number[]): boolean {
  const own = [item.at, item.at, ...(item.times ?? [])];
  const pairs = (times: readonly number[]): readonly (readonly [number, number])[] =>
    times.flatMap((from, index) => (index % 2 === 0 ? [[from, times[index + 1] ?? from] as const] : []));
  return pairs(own).some(([from, to]) => pairs(asked).some(([first, last]) => from <= last && to >= first));
}

function nearestOf(
  { vector, nearest = 100 }: SearchRequest,
  items: readonly NumberedItem[],
  allows: (number: number) => boolean,
): SearchReading["nearest"] {
  if (vector === undefined) return undefined;
  const other = items.find(({ item }) => item.vector !== undefined && item.vector.length !== vector.length);
  if (other !== undefined) throw refuse("request.vector", "has another length than those of the index.");
  const found = items
    .flatMap(({ item }, number) =>
      item.vector !== undefined && allows(number) ? [{ number, cosine: cosineOf(vector, item.vector) }] : [],
    )
    .sort((a, b) => b.cosine - a.cosine || compareItems(items[a.number], items[b.number]))
    .slice(0, nearest);
  return {
    items: Int32Array.from(found, ({ number }) => number),
    cosines: Float64Array.from(found, ({ cosine }) => cosine),
  };
}

function cosineOf(left: readonly number[], right: readonly number[]): number {
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
  return Math.round((1e5 * dot(left, right)) / Math.sqrt(dot(left, left) * dot(right, right))) / 1e5;
}

function compareItems(left: NumberedItem | undefined, right: NumberedItem | undefined): number {
  if (left === undefined || right === undefined) return 0;
  const [first, second] = [keyOf(left.owner.stream), keyOf(right.owner.stream)];
  if (first !== second) return first < second ? -1 : 1;
  return left.item.position - right.item.position;
}

function isAllowed(filter: SearchFilter, { item, owner }: NumberedItem): boolean {
  const { stream, subject } = owner;
  const isEverybodys = subject === undefined && stream.session === undefined;
  return (
    (filter.kinds?.includes(stream.kind) ?? true) &&
    (filter.sessions === undefined || filter.sessions.includes(stream.session ?? "")) &&
    (filter.subjects === undefined || isEverybodys || filter.subjects.includes(subject ?? "")) &&
    (filter.agents === undefined || filter.agents.includes(item.agent ?? "")) &&
    (stream.kind !== "document" ||
      (filter.namespaces?.some((prefix) => isBelow(prefix, stream.namespace)) ?? true)) &&
    item.at >= (filter.since ?? Number.NEGATIVE_INFINITY) &&
    item.at <= (filter.until ?? Number.POSITIVE_INFINITY) &&
    (filter.where === undefined ||
      whereMatcher(filter.where)({ value: item.value ?? null, metadata: item.metadata ?? {} }))
  );
}

function sourceOf({ item, owner }: NumberedItem): SearchSource {
  const { stream, revision } = owner;
  return stream.kind === "session"
    ? { ...stream, kind: "event", seq: Math.floor(item.position) }
    : { ...stream, version: revision };
}
