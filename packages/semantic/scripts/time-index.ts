import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createMemoryStore } from "@relevo/store-memory";
import {
  createRecall,
  createSearchIndex,
  type InProcessSearchIndex,
  type SearchIndexOptions,
} from "../src/index.ts";
import { Scratch, scoreLexically } from "../src/scoring/lexical.ts";
import { type PreparedQuestion, scoreQuestion } from "../src/scoring/score-question.ts";
import { usualWeights } from "../src/scoring/weights.ts";
import { randomFrom, randomMessages } from "./random-messages.ts";

const usage = `time-index [--messages N] [--dimensions N] [--rounds N] [--json]

Fills an index in process with made-up messages in sessions of 25, and prints the time and memory it takes. Times are those of
the thread on a processor, so that other work on the machine counts less; means over the rounds, each with another question of
five words. For memory, run it with node --expose-gc.`;

const { values } = parseArgs({
  options: {
    messages: { type: "string" },
    dimensions: { type: "string" },
    rounds: { type: "string" },
    json: { type: "boolean" },
    help: { type: "boolean" },
  },
});
const sessionLength = 25;
const tenant = "acme";
const nearest = 100;

if (values.help === true) console.log(usage);
else
  await run(
    Number(values.messages ?? 100_000),
    Number(values.dimensions ?? 384),
    Number(values.rounds ?? 51),
  );

interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

async function run(messages: number, dimensions: number, rounds: number): Promise<void> {
  const rows: Row[] = [];
  const add = (what: string, value: number, unit: string): void => {
    rows.push({ what, value, unit });
    if (values.json !== true) console.log(`${what.padEnd(56)}${value.toFixed(3).padStart(10)} ${unit}`);
  };
  await timeWords(messages, rounds, add);
  timeReading(4 * messages * dimensions, rounds, add);
  for (const quantized of [false, true]) await timeVectors(messages, dimensions, rounds, quantized, add);
  await timeIndexing(Math.min(messages, 2000), add);
  if (values.json === true) console.log(JSON.stringify(rows));
}

type Add = (what: string, value: number, unit: string) => void;

async function timeWords(messages: number, rounds: number, add: Add): Promise<void> {
  const random = randomMessages(1);
  const before = await usedBytes();
  const began = threadMs();
  const index = await filled(messages, {}, () => undefined);
  add("write of an analysed message", (1000 * (threadMs() - began)) / messages, "µs");
  add("memory of a message's words", ((await usedBytes()) - before) / messages, "bytes");
  const scratch = new Scratch();
  let postings = 0;
  let lexical = 0;
  let whole = 0;
  for (let round = 0; round < rounds; round++) {
    const terms = [...new Set(Array.from({ length: 5 }, () => `t${random.word()}`))];
    await index.read(tenant, { terms }, (reading) => {
      const question: PreparedQuestion = {
        terms: reading.postings.flatMap((list, place) =>
          list === undefined
            ? []
            : [
                {
                  word: terms[place] ?? "",
                  weight: 1,
                  holders: list.holders,
                  postings: [{ list, weight: 1 }],
                },
              ],
        ),
        kinds: 0,
        times: [],
        subject: -1,
      };
      postings += question.terms.reduce((sum, { holders }) => sum + holders, 0);
      // The scores of a first run are thrown away by the second, which finds the scratch as it has to be: empty.
      scratch.prepare(reading);
      const start = threadMs();
      const found = scoreLexically(reading, question.terms, scratch, usualWeights);
      lexical += threadMs() - start;
      for (let place = 0; place < found.count; place++) scratch.lexical[found.items[place] ?? 0] = 0;
      for (const stream of found.streams) scratch.session[stream] = 0;
      const next = threadMs();
      scoreQuestion(reading, question, 10, scratch);
      whole += threadMs() - next;
    });
  }
  add("postings of a question", postings / rounds, "items");
  add("BM25 with neighbours and sessions", lexical / rounds, "ms");
  add("all of the score, best 10", whole / rounds, "ms");
  await timeSnapshot(index, messages, add);
}

/** The least that a look at every vector can take: that at every byte of them. */
function timeReading(bytes: number, rounds: number, add: Add): void {
  const twos = Buffer.alloc(bytes, 2);
  const start = threadMs();
  for (let round = 0; round < rounds; round++) twos.indexOf(1);
  add("reading of as many bytes as the floats below", (threadMs() - start) / rounds, "ms");
}

async function timeVectors(
  messages: number,
  dimensions: number,
  rounds: number,
  quantized: boolean,
  add: Add,
): Promise<void> {
  const random = randomFrom(2);
  const direction = (): number[] =>
    Array.from({ length: dimensions }, () => random() + random() + random() - 1.5);
  const plain = await usedBytes();
  const words = await filled(messages, {}, () => undefined);
  const ofWords = (await usedBytes()) - plain;
  await words.remove(tenant, { all: true });
  const before = await usedBytes();
  const index = await filled(messages, { quantized }, direction);
  const form = quantized ? "8-bit integers, best again in floats" : "floats";
  add(
    `memory of a vector of ${dimensions}, ${form}`,
    ((await usedBytes()) - before - ofWords) / messages,
    "bytes",
  );
  for (const limit of [10, nearest]) {
    const asked = Array.from({ length: rounds }, direction);
    const start = threadMs();
    for (const vector of asked)
      await index.read(tenant, { terms: [], vector, nearest: limit }, () => undefined);
    add(`${limit} nearest of ${messages} x ${dimensions}, ${form}`, (threadMs() - start) / rounds, "ms");
  }
  await index.remove(tenant, { all: true });
}

/** From text, through a recall that follows a store. */
async function timeIndexing(messages: number, add: Add): Promise<void> {
  const random = randomMessages(3);
  await using store = createMemoryStore({ maxSessions: 1_000_000 });
  for (let written = 0; written < messages; written += sessionLength) {
    const events = Array.from({ length: sessionLength }, () => ({
      type: "message" as const,
      body: { role: "user" as const, content: random.text(14) },
    }));
    await store.log.append({ tenant, session: `s${written}` }, events);
  }
  const recall = createRecall({ store, index: createSearchIndex() });
  const began = threadMs();
  await recall.update(tenant);
  add("indexing of a message of 14 words, from the store", (1000 * (threadMs() - began)) / messages, "µs");
}

async function timeSnapshot(index: InProcessSearchIndex, messages: number, add: Add): Promise<void> {
  const chunks: Uint8Array[] = [];
  const began = threadMs();
  for await (const chunk of index.snapshot(tenant)) chunks.push(chunk);
  const written = threadMs();
  await createSearchIndex().restore(tenant, chunks);
  add("snapshot, of a message", (1000 * (written - began)) / messages, "µs");
  add("restoring, of a message", (1000 * (threadMs() - written)) / messages, "µs");
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  add("size of a snapshot, of a message", bytes / messages, "bytes");
}

async function filled(
  messages: number,
  options: SearchIndexOptions,
  vector: () => number[] | undefined,
): Promise<InProcessSearchIndex> {
  const random = randomMessages(4);
  const index = createSearchIndex(options);
  for (let written = 0; written < messages; written += sessionLength) {
    const items = Array.from({ length: sessionLength }, (_, place) => {
      const given = vector();
      return { ...random.item(place + 1), ...(given === undefined ? {} : { vector: given }) };
    });
    const stream = { kind: "session", session: `s${written}`, incarnation: "i" } as const;
    await index.write(tenant, { stream, revision: 0, items });
  }
  return index;
}

/** Processor time of this thread. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

async function usedBytes(): Promise<number> {
  // Memory outside of the heap is given back a little later.
  for (let time = 0; time < 4; time++) {
    (globalThis as { readonly gc?: () => void }).gc?.();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
