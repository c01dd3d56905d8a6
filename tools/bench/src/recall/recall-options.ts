import { parseArgs } from "node:util";

export const usage = `bench:recall --data DIR [--store NAME] [--embedder NAME] [--json]

--data      a folder with N.messages.jsonl, one message a line: { id, session, speaker, at, text }, and
            N.questions.jsonl, one question a line: { id, question, category, evidence: [message id] }
--store     memory when left out: store and index in this process. pglite: both on a PostgreSQL in this process
--embedder  none when left out: recall by words alone. hashing (knows no meaning), minilm (transformers.js), or http:
            a server at EMBEDDING_URL with EMBEDDING_MODEL, EMBEDDING_DIMENSIONS and EMBEDDING_API_KEY
--json      one line of JSON with recall, mean reciprocal rank and intervals, as shares of 1, and a digest of all that was
            found, in order: the same digest means the same ranking of every question`;

const storeNames = ["memory", "pglite"] as const;

export type RecallStoreName = (typeof storeNames)[number];

export interface RecallBenchOptions {
  readonly data: string;
  readonly store: RecallStoreName;
  readonly embedder?: string;
  readonly json: boolean;
}

/** `undefined` for `--help`. @throws `TypeError` that names the option. */
export function recallBenchOptions(args: readonly string[]): RecallBenchOptions | undefined {
  const { values } = parseArgs({
    args: args.filter((argument) => argument !== "--"),
    options: {
      help: { type: "boolean" },
      json: { type: "boolean" },
      data: { type: "string" },
      store: { type: "string", default: "memory" },
      embedder: { type: "string" },
    },
  });
  if (values.help === true) return undefined;
  if (values.data === undefined) throw new TypeError(`--data is missing.\n\n${usage}`);
  const { data, embedder } = values;
  const store = storeNames.find((name) => name === values.store);
  if (store === undefined) throw new TypeError(`--store is one of ${storeNames.join(", ")}.\n\n${usage}`);
  return { data, store, ...(embedder === undefined ? {} : { embedder }), json: values.json === true };
}
