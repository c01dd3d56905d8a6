import type { JsonValue } from "../../../json.ts";
import { MemoryError } from "../../../memory-error.ts";
import type { CallOptions } from "../../../ports/common.ts";
import { tenantKeys } from "../layout.ts";
import { readFailure } from "./failures.ts";
import type {
  KeyRange,
  KeyValueChange,
  KeyValueEntry,
  KeyValueReadResult,
  KeyValueSpace,
  KeyVersion,
} from "./key-value-space.ts";

/** Where a value stands that was too long for one entry, or for one commit. Never written twice. */
export interface Chunks {
  readonly tenant: string;
  readonly id: string;
  readonly number: number;
  readonly count: number;
}

/** An entry with its value as JSON, wherever that stood. */
export interface KeyRecord<Value = JsonValue> {
  readonly key: Uint8Array;
  readonly version: KeyVersion;
  readonly value: Value;
  /** Size of the value, as JSON. */
  readonly bytes: number;
  readonly chunks: Chunks | undefined;
}

export interface Records {
  readonly records: readonly (KeyRecord | undefined)[];
  readonly ranges: readonly (readonly KeyRecord[])[];
}

const whole = 0;
const chunked = 1;
/** Chunks are gone when their entry was replaced after it was read: then it is read again. */
const maxReads = 20;

/** Everything that is asked for, as it is at one moment. */
export async function readRecords(
  space: KeyValueSpace,
  keys: readonly Uint8Array[],
  ranges: readonly KeyRange[],
  call: CallOptions,
): Promise<Records> {
  for (let reads = 0; reads < maxReads; reads++) {
    const result = await read(space, keys, ranges, call);
    const pointers: Chunks[] = [];
    const look = (entry: KeyValueEntry | undefined): void => {
      if (entry?.value[0] === chunked) pointers.push(parse(entry.value.subarray(1)) as unknown as Chunks);
    };
    result.entries.forEach(look);
    for (const range of result.ranges) range.forEach(look);
    const texts = await readChunks(space, pointers, call);
    if (texts === undefined) continue;
    let next = 0;
    const record = (entry: KeyValueEntry): KeyRecord => {
      const { key, version } = entry;
      const isChunked = entry.value[0] === chunked;
      const text = isChunked ? texts[next] : entry.value.subarray(1);
      const chunks = isChunked ? pointers[next++] : undefined;
      return { key, version, value: parse(text), bytes: text?.byteLength ?? 0, chunks };
    };
    return {
      records: result.entries.map((entry) => entry && record(entry)),
      ranges: result.ranges.map((range) => range.map(record)),
    };
  }
  throw new MemoryError("corrupt", "Part of a stored value is missing.");
}

async function read(
  space: KeyValueSpace,
  keys: readonly Uint8Array[],
  ranges: readonly KeyRange[],
  call: CallOptions,
): Promise<KeyValueReadResult> {
  try {
    return await space.read({ keys, ranges }, call);
  } catch (error) {
    throw readFailure(error, call.signal);
  }
}

async function readChunks(
  space: KeyValueSpace,
  pointers: readonly Chunks[],
  call: CallOptions,
): Promise<readonly Uint8Array[] | undefined> {
  if (pointers.length === 0) return [];
  const { entries } = await read(space, pointers.flatMap(partKeys), [], call);
  let next = 0;
  const texts: Uint8Array[] = [];
  for (const { count } of pointers) {
    const parts: Uint8Array[] = [];
    for (let index = 0; index < count; index++) {
      const entry = entries[next++];
      if (entry === undefined) return undefined;
      parts.push(entry.value);
    }
    texts.push(Buffer.concat(parts));
  }
  return texts;
}

/** Where the parts of a value stand. */
export function partKeys({ tenant, id, number, count }: Chunks): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => tenantKeys.chunk(tenant, id, number, index));
}

export function inlineValue(json: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(whole), json]);
}

/** The value of the entry, and the entries that it points to. */
export function splitValue(
  json: Uint8Array,
  place: Omit<Chunks, "count">,
  size: number,
): { readonly pointer: Uint8Array; readonly parts: readonly KeyValueChange[] } {
  const chunks: Chunks = { ...place, count: Math.ceil(json.byteLength / size) };
  const parts = partKeys(chunks).map((key, index) => ({
    key,
    value: json.subarray(index * size, (index + 1) * size),
  }));
  return { pointer: Buffer.concat([Buffer.of(chunked), Buffer.from(JSON.stringify(chunks))]), parts };
}

function parse(bytes: Uint8Array | undefined): JsonValue {
  try {
    if (bytes === undefined) throw new Error("There is no value.");
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch (cause) {
    throw new MemoryError("corrupt", "A stored value is not what was written.", { cause });
  }
}

/** The keys of one range, whatever their entries hold: parts of values cannot be read as values. */
export async function readKeys(
  space: KeyValueSpace,
  range: KeyRange,
  call: CallOptions,
): Promise<readonly Uint8Array[]> {
  const { ranges } = await read(space, [], [range], call);
  return (ranges[0] ?? []).map(({ key }) => key);
}

/** Entries of one range for their removal: values that stand in parts are not read. */
export async function readForRemoval(
  space: KeyValueSpace,
  range: KeyRange,
  call: CallOptions,
): Promise<
  readonly { readonly key: Uint8Array; readonly value: JsonValue; readonly parts: readonly Uint8Array[] }[]
> {
  const { ranges } = await read(space, [], [range], call);
  return (ranges[0] ?? []).map(({ key, value: bytes }) => {
    const value = parse(bytes.subarray(1));
    return bytes[0] === chunked
      ? { key, value: null, parts: partKeys(value as unknown as Chunks) }
      : { key, value, parts: [] };
  });
}
