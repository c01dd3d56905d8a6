import {
  type AcknowledgedAppend,
  erasedEvent,
  type History,
  type HistoryAppend,
  type HistoryRead,
  type SeenEvent,
  type Violation,
  type ViolationKind,
} from "./history.ts";

/**
 * Every promise of an append-only log that a history of concurrent writers, retries and crashes breaks; none for a
 * history that a correct store can have. An append of unknown outcome may be there or not, but whole, once, and in its
 * writer's order. Pure; the cost is about linear in what is given.
 *
 * What a store may lose within its declared durability shows here as `lost`: give as acknowledged only what has to be
 * there.
 */
export function checkHistory(history: History): readonly Violation[] {
  const { acknowledged, unknown = [], refused = [], reads = [], final } = history;
  const places = placesOf(final);
  const gone = goneOf(history);
  const tombstones = new Set(final.flatMap(({ seq, event }) => (event === erasedEvent ? [seq] : [])));
  // Of a batch of which something is gone, nothing tells the tombstones apart.
  const whole = [...acknowledged, ...unknown].filter(
    ({ events }) => !events.some((event) => gone.has(event)),
  );
  return [
    ...checkSequence("the final log", final),
    ...checkDoubled(places),
    ...checkErased(gone, places),
    ...acknowledged.flatMap((append) => checkAcknowledged(append, places, gone, tombstones)),
    ...whole.flatMap((append) => checkWhole(append, places)),
    ...refused.flatMap((append) => checkRefused(append, places)),
    ...checkWriters([...acknowledged, ...unknown], places),
    ...checkExplained(final, [...acknowledged, ...unknown, ...refused]),
    ...checkReads(reads, final),
  ];
}

interface Place {
  /** Tells order, also where `seq` is what is broken. */
  readonly index: number;
  readonly seq: number;
}

/** Where each event stands in the log, ascending. */
type Places = ReadonlyMap<string, readonly Place[]>;

function placesOf(log: readonly SeenEvent[]): Places {
  const places = new Map<string, Place[]>();
  for (const [index, { event, seq }] of log.entries()) {
    if (event === erasedEvent) continue;
    const found = places.get(event);
    if (found === undefined) places.set(event, [{ index, seq }]);
    else found.push({ index, seq });
  }
  return places;
}

/** What was erased, and everything that repeats it, through any number of steps. */
function goneOf({ acknowledged, unknown = [], erased = [] }: History): ReadonlySet<string> {
  const gone = new Set(erased);
  const derived = [...acknowledged, ...unknown].filter(({ derivedFrom = [] }) => derivedFrom.length > 0);
  for (let size = -1; size !== gone.size; ) {
    size = gone.size;
    for (const { events, derivedFrom = [] } of derived) {
      if (derivedFrom.some((event) => gone.has(event))) for (const event of events) gone.add(event);
    }
  }
  return gone;
}

function checkErased(gone: ReadonlySet<string>, places: Places): readonly Violation[] {
  return [...gone].flatMap((event) => {
    const seq = places.get(event)?.[0]?.seq;
    const what = `${event}, or what it repeats, was erased, and its content is still at seq ${seq}`;
    return seq === undefined ? [] : [violation("survived", what)];
  });
}

function checkSequence(what: string, log: readonly SeenEvent[]): readonly Violation[] {
  return log.flatMap(({ seq, event }, index) => {
    const expected = (log[index - 1]?.seq ?? 0) + 1;
    if (seq === expected) return [];
    return [violation("gap", `${what} has seq ${seq} (${event}) where ${expected} should come`)];
  });
}

function checkDoubled(places: Places): readonly Violation[] {
  return [...places].flatMap(([event, found]) => {
    if (found.length < 2) return [];
    const seqs = found.map(({ seq }) => seq).join(", ");
    return [violation("doubled", `${event} is stored ${found.length} times, at seq ${seqs}`)];
  });
}

function checkAcknowledged(
  append: AcknowledgedAppend,
  places: Places,
  gone: ReadonlySet<string>,
  tombstones: ReadonlySet<number>,
): readonly Violation[] {
  const { events, firstSeq, version } = append;
  const found: Violation[] = [];
  if (version - firstSeq + 1 !== events.length) {
    const told = `was told seq ${firstSeq} to ${version} for ${events.length} events`;
    found.push(violation("moved", `${nameOf(append)} ${told}`));
  }
  for (const [offset, event] of events.entries()) {
    const stored = (places.get(event) ?? []).map(({ seq }) => seq);
    const told = firstSeq + offset;
    if (gone.has(event) && (tombstones.has(told) || stored.length > 0)) continue;
    if (stored.length === 0) {
      found.push(violation("lost", `${nameOf(append)} was acknowledged, but ${event} is not in the log`));
    } else if (!stored.includes(told)) {
      const where = `was acknowledged at seq ${told}, but is stored at ${stored.join(", ")}`;
      found.push(violation("moved", `${nameOf(append)}: ${event} ${where}`));
    }
  }
  return found;
}

function checkWhole(append: HistoryAppend, places: Places): readonly Violation[] {
  const stored = append.events.flatMap((event) => places.get(event)?.[0] ?? []);
  const [first] = stored;
  if (first === undefined) return [];
  if (stored.length < append.events.length) {
    const parts = `${stored.length} of its ${append.events.length} events are in the log`;
    return [violation("split", `${nameOf(append)}: only ${parts}`)];
  }
  if (stored.every(({ index }, offset) => index === first.index + offset)) return [];
  const seqs = stored.map(({ seq }) => seq).join(", ");
  return [violation("split", `${nameOf(append)}: its events are at seq ${seqs}, not one piece in order`)];
}

function checkRefused(append: HistoryAppend, places: Places): readonly Violation[] {
  return append.events
    .filter((event) => places.has(event))
    .map((event) =>
      violation("refused-but-stored", `${nameOf(append)} was refused, but ${event} is in the log`),
    );
}

/** Each writer waited for an answer before it went on, so its appends stand in its order, whoever stands between. */
function checkWriters(appends: readonly HistoryAppend[], places: Places): readonly Violation[] {
  const writers = Map.groupBy(appends, ({ writer }) => writer);
  return [...writers.values()].flatMap((own) => {
    const found: Violation[] = [];
    let before: { readonly append: HistoryAppend; readonly index: number } | undefined;
    for (const append of own.toSorted((one, other) => one.order - other.order)) {
      const indexes = append.events.flatMap((event) => places.get(event)?.[0]?.index ?? []);
      if (indexes.length === 0) continue;
      if (
        before !== undefined &&
        before.append.order !== append.order &&
        Math.min(...indexes) < before.index
      ) {
        found.push(violation("reordered", `${nameOf(append)} stands before ${nameOf(before.append)}`));
      }
      before = { append, index: Math.max(before?.index ?? 0, ...indexes) };
    }
    return found;
  });
}

function checkExplained(log: readonly SeenEvent[], appends: readonly HistoryAppend[]): readonly Violation[] {
  const known = new Set(appends.flatMap(({ events }) => events));
  return log
    .filter(({ event }) => event !== erasedEvent && !known.has(event))
    .map(({ seq, event }) => violation("unexplained", `${event} at seq ${seq} was appended by nobody`));
}

interface NamedRead extends HistoryRead {
  readonly name: string;
}

function checkReads(given: readonly HistoryRead[], final: readonly SeenEvent[]): readonly Violation[] {
  const reads = given.map((read, index) => ({ ...read, name: `read ${index + 1} (${read.reader})` }));
  const last: NamedRead = { reader: "", events: final, name: "the final log" };
  const readers = [...Map.groupBy(reads, ({ reader }) => reader).values()];
  return [
    ...reads.flatMap(({ name, events }) => checkSequence(name, events)),
    // All prefixes of one log are prefixes of each other, so that readers need no comparing pair by pair.
    ...reads.flatMap((read) => checkPrefix(read, last)),
    ...readers.flatMap((own) => own.flatMap((read, index) => checkPrefix(read, own[index + 1]))),
    ...checkAcrossReaders(reads),
  ];
}

function checkPrefix(read: NamedRead, later: NamedRead | undefined): readonly Violation[] {
  if (later === undefined) return [];
  const odd = read.events.findIndex(({ seq, event }, place) => {
    const same = later.events[place];
    if (same === undefined || same.seq !== seq) return true;
    // What was erased since is a tombstone in the later one, and never the other way round.
    return same.event !== event && same.event !== erasedEvent;
  });
  if (odd < 0) return [];
  const [here, there] = [read.events[odd], later.events[odd]];
  const seen = `${read.name} has ${here?.event} at seq ${here?.seq}`;
  const instead = there === undefined ? "ends before it" : `has ${there.event} at seq ${there.seq} there`;
  return [violation("not-a-prefix", `${seen}, ${later.name} ${instead}`)];
}

/** Each read against the longest of all that had ended before it began. */
function checkAcrossReaders(reads: readonly NamedRead[]): readonly Violation[] {
  const timed = reads.flatMap((read) => (read.time === undefined ? [] : [{ read, time: read.time }]));
  const ended = timed.toSorted((one, other) => one.time[1] - other.time[1]);
  const found: Violation[] = [];
  let next = 0;
  let longest: NamedRead | undefined;
  for (const { read, time } of timed.toSorted((one, other) => one.time[0] - other.time[0])) {
    for (let done = ended[next]; done !== undefined && done.time[1] < time[0]; done = ended[next]) {
      if (longest === undefined || done.read.events.length > longest.events.length) longest = done.read;
      next += 1;
    }
    if (longest !== undefined && longest.reader !== read.reader) found.push(...checkPrefix(longest, read));
  }
  return found;
}

function nameOf({ operation, writer, order }: HistoryAppend): string {
  return `append ${order} of ${writer} (${operation})`;
}

function violation(kind: ViolationKind, message: string): Violation {
  return { kind, message };
}
