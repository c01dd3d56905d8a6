import { hash } from "node:crypto";
import type { Embedder } from "@relevo/core";
import { admitCall, admitInteger, admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import { LRUCache } from "lru-cache";
import { admitTexts } from "./batches.ts";
import { checkVectors } from "./check-vectors.ts";

export interface CachedEmbedderOptions {
  /** How much memory the vectors may take; 64 MiB when left out. */
  readonly maxBytes?: number | undefined;
  /** How long a vector is kept; an hour when left out. Vectors of erased texts are gone after that. */
  readonly ttlMs?: number | undefined;
}

/** An embedder with a cache in front of it. */
export interface CachedEmbedder extends Embedder {
  /** Forgets every vector. */
  clear(): void;
}

const cacheFields: FieldTable = fieldTable<CachedEmbedderOptions>({ maxBytes: "refines", ttlMs: "refines" });

/**
 * The embedder, asked only for texts that it was not asked for lately, and once for a text that a call has several times.
 * Vectors are kept under the model and a hash of the text (SHA-256); the text itself is not kept. What is returned is
 * frozen, because callers share it.
 *
 * @throws from `embed`: what the embedder throws; `corrupt` when its answer is not one good vector for each text.
 */
export function createCachedEmbedder(embedder: Embedder, options?: CachedEmbedderOptions): CachedEmbedder {
  const given = admitOptions(options, cacheFields);
  const { model, dimensions } = embedder;
  const cache = new LRUCache<string, readonly number[]>({
    maxSize: admitInteger(given.maxBytes ?? 64 * 1024 * 1024, "options.maxBytes", 1),
    ttl: admitInteger(given.ttlMs ?? 3_600_000, "options.ttlMs", 1),
    // Otherwise it starts a timer each millisecond.
    ttlResolution: 0,
    // Numbers of 8 bytes, and what a key and an entry take.
    sizeCalculation: (vector) => vector.length * 8 + 200,
  });
  return {
    model,
    dimensions,
    async embed(texts, call) {
      const { signal } = admitCall(call);
      const keys = admitTexts(texts).map((text) => hash("sha256", `${model}\0${text}`, "base64url"));
      const found = new Map<string, readonly number[]>();
      const missing = new Map<string, string>();
      for (const [index, key] of keys.entries()) {
        const known = found.get(key) ?? cache.get(key);
        if (known === undefined) missing.set(key, texts[index] ?? "");
        else found.set(key, known);
      }
      if (missing.size > 0) {
        const made = await embedder.embed([...missing.values()], { signal });
        const vectors = checkVectors(made, missing.size, { model, dimensions });
        for (const [index, key] of [...missing.keys()].entries()) {
          const vector = Object.freeze([...(vectors[index] ?? [])]);
          found.set(key, vector);
          cache.set(key, vector);
        }
      }
      return keys.map((key) => found.get(key) ?? []);
    },
    clear: () => cache.clear(),
  };
}
