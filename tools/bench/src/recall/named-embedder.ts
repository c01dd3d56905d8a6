import type { Embedder } from "@relevo/core";

/** Embedders that the benchmark can be run with, by name. */
const embedders: ReadonlyMap<string, () => Promise<Embedder>> = new Map();

/** @throws `TypeError` that names those that there are. */
export async function namedEmbedder(name: string): Promise<Embedder> {
  const open = embedders.get(name);
  if (open === undefined)
    throw new TypeError(
      `--embedder has no ${name}; it has ${[...embedders.keys()].join(", ") || "none yet"}.`,
    );
  return await open();
}
