import type { Embedder } from "@relevo/core";
import {
  createCachedEmbedder,
  createHashingEmbedder,
  createHttpEmbedder,
  createTransformersEmbedder,
} from "@relevo/semantic";

type Environment = Readonly<Record<string, string | undefined>>;

/** Embedders that the benchmark can be run with, by name. */
const embedders: ReadonlyMap<string, (env: Environment) => Embedder> = new Map<
  string,
  (env: Environment) => Embedder
>([
  // Knows no meaning: shows what the path of vectors costs.
  ["hashing", () => createHashingEmbedder()],
  ["minilm", () => createTransformersEmbedder()],
  [
    "http",
    (env) =>
      createHttpEmbedder({
        baseUrl: setting(env, "EMBEDDING_URL"),
        model: setting(env, "EMBEDDING_MODEL"),
        dimensions: Number(setting(env, "EMBEDDING_DIMENSIONS")),
        apiKey: env.EMBEDDING_API_KEY,
      }),
  ],
]);

/** @throws `TypeError` that names those that there are, or the variable that is not set. */
export async function namedEmbedder(name: string, env: Environment = process.env): Promise<Embedder> {
  const open = embedders.get(name);
  if (open === undefined)
    throw new TypeError(`--embedder has no ${name}; it has ${[...embedders.keys()].join(", ")}.`);
  return createCachedEmbedder(open(env));
}

function setting(env: Environment, name: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw new TypeError(`--embedder http needs ${name}.`);
  return value;
}
