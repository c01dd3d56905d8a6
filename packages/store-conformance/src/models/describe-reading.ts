import type { SearchReading } from "@relevo/core";

/**
 * What a reading says, by name instead of by number: two indexes with the same content give the same for the same request.
 * Of what a reading may leave out, nothing is in it.
 */
export function describeReading(reading: SearchReading): object {
  const nameOf = (item: number): string =>
    item < 0 ? "–" : `${JSON.stringify(reading.source(item))} @ ${reading.position(item)}`;
  const items = needed(reading);
  return {
    items: reading.items,
    streams: reading.streams,
    length: reading.length,
    postings: reading.postings.map((list) => {
      const held: (readonly [string, number])[] = [];
      for (let place = 0; list !== undefined && place < list.count; place++) {
        const counts = list.counts[place] ?? 0;
        if (counts > 0) held.push([nameOf(list.items[place] ?? -1), counts]);
      }
      return { holders: list?.holders ?? 0, held: held.sort(byName) };
    }),
    dated: [...reading.dated].map(nameOf).sort(),
    datedAscends: [...reading.dated].every((item, place, all) => place === 0 || item > (all[place - 1] ?? 0)),
    nearest: reading.nearest && {
      cosines: [...reading.nearest.cosines],
      items: [...reading.nearest.items].map(nameOf),
    },
    facts: items.map((item) => {
      const stream = reading.stream[item] ?? -1;
      const speaker = reading.speakers[item] ?? -1;
      return {
        name: nameOf(item),
        previous: nameOf(reading.previous[item] ?? -1),
        next: nameOf(reading.next[item] ?? -1),
        first: nameOf(reading.first[stream] ?? -1),
        streamLength: reading.streamLengths[stream],
        length: reading.lengths[item],
        at: reading.at[item],
        marks: reading.marks[item],
        times: [...reading.times(item)],
        strangers: reading.strangers(item),
        asked: [...reading.asked].map((number) => number >= 0 && number === speaker),
        allowed: reading.allows(item),
      };
    }),
  };
}

/** The items of all streams that a word, a time or a vector leads to, by name. */
function needed(reading: SearchReading): readonly number[] {
  const led = [
    ...reading.postings.flatMap((list) =>
      [...(list?.items.subarray(0, list.count) ?? [])].filter((_, place) => list?.counts[place] !== 0),
    ),
    ...reading.dated,
    ...(reading.nearest?.items ?? []),
  ];
  const items: number[] = [];
  for (const stream of new Set(led.map((item) => reading.stream[item] ?? -1))) {
    let steps = 0;
    for (let item = reading.first[stream] ?? -1; item >= 0; item = reading.next[item] ?? -1) {
      if (steps++ > reading.size) throw new RangeError("The neighbours of a stream go in a circle.");
      items.push(item);
    }
  }
  const name = (item: number): string => `${JSON.stringify(reading.source(item))}${reading.position(item)}`;
  return items.sort((left, right) => (name(left) < name(right) ? -1 : 1));
}

function byName([left]: readonly [string, number], [right]: readonly [string, number]): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
