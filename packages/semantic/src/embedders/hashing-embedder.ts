import type { Embedder } from "@relevo/core";
import { admitCall, admitInteger, admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import { admitTexts } from "./batches.ts";

export interface HashingEmbedderOptions {
  /** 256 when left out. */
  readonly dimensions?: number | undefined;
}

const hashingFields: FieldTable = fieldTable<HashingEmbedderOptions>({ dimensions: "refines" });

/**
 * An embedder that knows no meaning: it counts the words of a text and the groups of three letters in them, each at a
 * place that its hash gives (feature hashing, Weinberger et al., 2009). Texts that share words are near each other, and
 * nothing else is. For tests and for trying things out without a model; its `model` is `hashing-256` or the like.
 */
export function createHashingEmbedder(options?: HashingEmbedderOptions): Embedder {
  const given = admitOptions(options, hashingFields);
  const dimensions = admitInteger(given.dimensions ?? 256, "options.dimensions", 1);
  return {
    model: `hashing-${dimensions}`,
    dimensions,
    async embed(texts, call) {
      admitCall(call);
      return admitTexts(texts).map((text) => hashed(text, dimensions));
    },
  };
}

function hashed(text: string, dimensions: number): readonly number[] {
  const vector = new Array<number>(dimensions).fill(0);
  const add = (feature: string, weight: number): void => {
    const hash = hashOf(feature);
    // The lowest bit is the sign, so that features at one place do not only add up.
    const place = (hash >>> 1) % dimensions;
    vector[place] = (vector[place] ?? 0) + (hash & 1 ? weight : -weight);
  };
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
    add(word, 1);
    const spelled = `<${word}>`;
    for (let at = 0; at + 3 <= spelled.length; at++) add(`#${spelled.slice(at, at + 3)}`, 0.3);
  }
  const length = Math.sqrt(vector.reduce((sum, number) => sum + number * number, 0));
  // A text without words is a direction of its own: a zero vector would be none.
  if (length === 0) vector[0] = 1;
  return length === 0 ? vector : vector.map((number) => number / length);
}

/** FNV-1a over UTF-16 units, 32 bits, with a last mix so that the lowest bits differ too. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 16;
  return Math.imul(hash, 0x85ebca6b) >>> 0;
}
