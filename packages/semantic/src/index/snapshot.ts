import {
  defaultLimits,
  type JsonObject,
  type JsonValue,
  MemoryError,
  type SearchChange,
  type SearchItem,
} from "@relevo/core";
import { createEventLoopPacer, type EventLoopPacer, refuse } from "@relevo/core/input";
import { admitSearchChange, admitSearchMark } from "@relevo/core/store";
import { damaged, type Frame, frameBytes, readFrames, SnapshotWriter } from "./snapshot-bytes.ts";
import type { StreamContent, TenantIndex } from "./tenant-index.ts";

const itemsAtOnce = 256;
/** So often a stream is read again that is being written; one that is written all the time must not keep a snapshot. */
const mostAttempts = 3;

/** What a frame holds beside the tenant of the first one. */
interface ChangeFrame {
  readonly change: SearchChange;
  /** Which of its items have a vector; the floats are those vectors one behind the other. */
  readonly vectors?: readonly number[];
}

/**
 * All that the index has of a tenant. Each stream is as it was at one moment, and none is older than the mark: a recall that
 * continues on it indexes what was written or removed since.
 */
export async function* writeSnapshot(
  tenant: string,
  index: TenantIndex,
): AsyncGenerator<Uint8Array, void, void> {
  const pacer = createEventLoopPacer();
  const writer = new SnapshotWriter();
  const { mark } = index.state();
  yield writer.begin({ tenant, ...(mark === undefined ? {} : { mark }) });
  for (const [key] of index.streams({ all: true }))
    for (const frame of await framesOf(key, index, pacer)) yield writer.add(frame);
  yield writer.end();
}

/** Fills an empty index. @throws `corrupt`, `unsupported`; `invalid-input` for a snapshot of another tenant. */
export async function readSnapshot(
  tenant: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  index: TenantIndex,
): Promise<void> {
  const pacer = createEventLoopPacer();
  let mark: JsonValue | undefined;
  let isFirst = true;
  for await (const frame of readFrames(chunks)) {
    if (isFirst) {
      if (frame.json.tenant !== tenant) throw refuse("snapshot", "is of another tenant.");
      mark = frame.json.mark;
      isFirst = false;
    } else admitted(() => index.write(changeOf(frame)));
    await pacer.next(performance.now());
  }
  if (isFirst) throw damaged("it has no beginning");
  if (mark !== undefined) index.mark(admitted(() => admitSearchMark(mark, defaultLimits)));
}

/** A stream as of one moment. Starts again when it changes meanwhile, and at last continues without a pause. */
async function framesOf(
  key: string,
  index: TenantIndex,
  pacer: EventLoopPacer,
): Promise<readonly Uint8Array[]> {
  for (let attempt = 1; ; attempt++) {
    const content = index.contentOf(key);
    if (content === undefined) return [];
    const frames: Uint8Array[] = [];
    for (const change of changesOf(content)) {
      frames.push(frameOf(change));
      if (attempt < mostAttempts) await pacer.next(performance.now());
      if (!content.isCurrent()) break;
    }
    if (content.isCurrent()) return frames;
  }
}

/** A change that writes the whole stream, then those that add to it. */
function* changesOf({ state, items }: StreamContent): Generator<SearchChange, void, void> {
  let part: SearchItem[] = [];
  let after: number | undefined;
  let last: number | undefined;
  const change = (): SearchChange => ({
    ...state,
    ...(after === undefined ? {} : { after }),
    items: part,
  });
  for (const item of items()) {
    const whole = Math.floor(item.position);
    // A change replaces whole positions, so the pieces of a text stay together.
    if (whole !== last && part.length >= itemsAtOnce) {
      yield change();
      after = last;
      part = [];
    }
    part.push(item);
    last = whole;
  }
  yield change();
}

function frameOf(change: SearchChange): Uint8Array {
  const vectors: number[] = [];
  const values: number[] = [];
  const items = change.items.map(({ vector, ...item }, index) => {
    if (vector === undefined) return item;
    vectors.push(index);
    for (const value of vector) values.push(value);
    return item;
  });
  const json = { change: { ...change, items }, ...(vectors.length === 0 ? {} : { vectors }) };
  return frameBytes(json as unknown as JsonObject, Float32Array.from(values));
}

function changeOf({ json, floats }: Frame): SearchChange {
  const { change, vectors = [] } = json as unknown as ChangeFrame;
  // Everything is checked again: a checksum tells of damage, not of who wrote it.
  const copy = admitSearchChange(change, defaultLimits);
  if (!Array.isArray(vectors) || floats.length % Math.max(1, vectors.length) !== 0)
    throw damaged("vectors of it do not fit together");
  const dimensions = floats.length / Math.max(1, vectors.length);
  const ofItem = new Map<number, readonly number[]>();
  vectors.forEach((item: number, place) => {
    const vector = [...floats.subarray(place * dimensions, (place + 1) * dimensions)];
    const isDirection = vector.some((value) => value !== 0) && vector.every(Number.isFinite);
    if (copy.items[item] === undefined || !isDirection) throw damaged("a vector of it has no direction");
    ofItem.set(item, vector);
  });
  if (ofItem.size === 0) return copy;
  return {
    ...copy,
    items: copy.items.map((item, index) => {
      const vector = ofItem.get(index);
      return vector === undefined ? item : { ...item, vector };
    }),
  };
}

function admitted<Value>(admit: () => Value): Value {
  try {
    return admit();
  } catch (error) {
    if (MemoryError.isInstance(error, "corrupt")) throw error;
    throw damaged("a part of it is not as an index writes it", error);
  }
}
