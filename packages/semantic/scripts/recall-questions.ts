import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SearchReading, SearchSource } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { createAnalysis } from "../src/analysis/create-analysis.ts";
import { createRecall, createSearchIndex } from "../src/index.ts";
import { askIndex } from "../src/question/ask-index.ts";
import type { PreparedQuestion } from "../src/scoring/score-question.ts";

/** A question of a data set as it is scored, with the sources that answer it. */
export interface AskedQuestion {
  readonly conversation: string;
  readonly category: string;
  /** Stays valid, because nothing is written to the index any more. */
  readonly reading: SearchReading;
  readonly question: PreparedQuestion;
  /** As `keyOf` writes them. */
  readonly evidence: readonly string[];
}

interface Message {
  readonly id: string;
  readonly session: string;
  readonly speaker: string;
  readonly at: string;
  readonly text: string;
}

interface Question {
  readonly question: string;
  readonly category: string;
  readonly evidence: readonly string[];
}

const ending = ".messages.jsonl";

/** Indexes each conversation of the folder, in the format of `bench:recall`, and asks its questions. */
export async function readQuestions(folder: string): Promise<readonly AskedQuestion[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ending)).sort();
  const asked: AskedQuestion[] = [];
  for (const name of names) {
    const conversation = name.slice(0, -ending.length);
    const messages = await readLines<Message>(join(folder, name));
    const questions = await readLines<Question>(join(folder, `${conversation}.questions.jsonl`));
    asked.push(...(await ask(conversation, messages, questions)));
  }
  return asked;
}

async function readLines<Row>(path: string): Promise<readonly Row[]> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => JSON.parse(line) as Row);
}

export function keyOf(source: SearchSource): string {
  return source.kind === "event" ? `${source.session}\n${source.seq}` : "";
}

async function ask(
  conversation: string,
  messages: readonly Message[],
  questions: readonly Question[],
): Promise<readonly AskedQuestion[]> {
  const store = createMemoryStore({ maxSessions: 1_000_000, maxSessionBytes: 2 ** 31 });
  const index = createSearchIndex();
  const keys = new Map<string, string>();
  for (const { id, session, speaker, at, text } of messages) {
    const time = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(at) ? at : `${at}Z`);
    const { firstSeq } = await store.log.append({ tenant: conversation, session }, [
      { type: "message", at: time, body: { role: "user", content: text, metadata: { name: speaker } } },
    ]);
    keys.set(id, `${session}\n${firstSeq}`);
  }
  await createRecall({ store, index }).update(conversation);
  await store.close();
  const analysis = createAnalysis();
  const asked: AskedQuestion[] = [];
  const state = await index.state(conversation);
  for (const { question: text, category, evidence } of questions) {
    const options = { state, filter: {}, nearest: 1 };
    await askIndex(
      index,
      conversation,
      text,
      analysis,
      options,
      (reading, question) => {
        const sources = evidence.map((id) => keys.get(id) ?? "");
        asked.push({ conversation, category, reading, question, evidence: sources });
        return [];
      },
      {},
    );
  }
  return asked;
}
