import { createHash, type Hash } from "node:crypto";
import { type JsonObject, MemoryError } from "@relevo/core";

/**
 * A snapshot is a line with the format, then frames: the length of some JSON, the length of some floats (both 32 bits,
 * little-endian), the JSON, the floats. The first frame names the tenant, the last one has a checksum of all before it.
 */
const firstWords = "relevo search index, format ";
const format = 1;
const longestFirstLine = firstWords.length + 12;
const frameHead = 8;
/** No part is longer: a string could not hold it. So damage in a length never makes a reader collect gigabytes. */
const longestPart = 2 ** 29 - 1;

const advice = "A recall fills an empty index from its store.";

export interface Frame {
  readonly json: JsonObject;
  readonly floats: Float32Array;
}

const noFloats: Float32Array = new Float32Array(0);

/** Puts the frames of a snapshot between its beginning and its end. */
export class SnapshotWriter {
  readonly #hash: Hash = createHash("sha256");

  begin(json: JsonObject): Uint8Array {
    return this.add(Buffer.concat([Buffer.from(`${firstWords}${format}\n`), frameBytes(json)]));
  }

  add(frame: Uint8Array): Uint8Array {
    this.#hash.update(frame);
    return frame;
  }

  end(): Uint8Array {
    return frameBytes({ sha256: this.#hash.digest("hex") });
  }
}

export function frameBytes(json: JsonObject, floats: Float32Array = noFloats): Uint8Array {
  const text = Buffer.from(JSON.stringify(json));
  const head = Buffer.alloc(frameHead);
  head.writeUInt32LE(text.length, 0);
  head.writeUInt32LE(floats.byteLength, 4);
  return Buffer.concat([head, text, Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength)]);
}

/**
 * The frames of a snapshot but its last. What follows the last frame is not read.
 *
 * @throws `corrupt` when it is damaged, ends early, or is none; `unsupported` when another version wrote it.
 */
export async function* readFrames(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Frame, void, void> {
  const bytes = new ByteReader(chunks);
  try {
    yield* framesOf(bytes);
  } finally {
    await bytes.close();
  }
}

async function* framesOf(bytes: ByteReader): AsyncGenerator<Frame, void, void> {
  const hash = createHash("sha256");
  hash.update(await readFirstLine(bytes));
  for (;;) {
    const head = await bytes.take(frameHead);
    const lengths = [head.readUInt32LE(0), head.readUInt32LE(4)] as const;
    if (Math.max(...lengths) > longestPart) throw damaged("a part of it has an impossible length");
    const text = await bytes.take(lengths[0]);
    const rest = await bytes.take(lengths[1]);
    const json = parsed(text);
    if (typeof json.sha256 === "string") {
      if (json.sha256 !== hash.digest("hex")) throw damaged("its checksum is another one");
      return;
    }
    for (const part of [head, text, rest]) hash.update(part);
    if (rest.length % 4 !== 0) throw damaged("a part of it has an impossible length");
    // A copy, because floats have to start at a multiple of 4.
    yield { json, floats: new Float32Array(Uint8Array.from(rest).buffer) };
  }
}

async function readFirstLine(bytes: ByteReader): Promise<Buffer> {
  const line: Buffer[] = [];
  for (let length = 0; length < longestFirstLine; length++) {
    const byte = await bytes.take(1);
    line.push(byte);
    if (byte[0] === 0x0a) break;
  }
  const whole = Buffer.concat(line);
  const version = new RegExp(`^${firstWords}(\\d+)\n$`).exec(whole.toString("latin1"))?.[1];
  if (version === undefined) throw damaged("it is no snapshot of a search index");
  if (Number(version) === format) return whole;
  const problem = `The snapshot has format ${version}, and this version reads format ${format}. ${advice}`;
  throw new MemoryError("unsupported", problem, { details: { format: Number(version) } });
}

function parsed(text: Buffer): JsonObject {
  try {
    const value: unknown = JSON.parse(text.toString());
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch (error) {
    throw damaged("a part of it is no JSON", error);
  }
  throw damaged("a part of it is no object");
}

export function damaged(why: string, cause?: unknown): MemoryError {
  return new MemoryError("corrupt", `The snapshot is damaged: ${why}. ${advice}`, { cause });
}

/** Takes a given number of bytes at a time from chunks of any lengths. */
class ByteReader {
  readonly #chunks: Iterator<Uint8Array> | AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
    this.#chunks =
      Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  async take(length: number): Promise<Buffer> {
    if (this.#chunk.length >= length) return this.#cut(length);
    const parts = [this.#cut(this.#chunk.length)];
    for (let missing = length - (parts[0]?.length ?? 0); missing > 0; ) {
      const { value, done } = await this.#chunks.next();
      if (done === true) throw damaged("it ends too early");
      if (!(value instanceof Uint8Array)) throw damaged("it does not consist of bytes");
      this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      const part = this.#cut(Math.min(missing, this.#chunk.length));
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Closes a stream that was not read to its end. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #cut(length: number): Buffer {
    const part = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return part;
  }
}
