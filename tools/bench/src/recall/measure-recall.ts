import { createHash } from "node:crypto";
import type { Embedder, SearchIndex, Store } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createRecall, type StoreRecall } from "@relevo/semantic";
import type { RecallConversation, RecallMessage } from "./read-recall-data.ts";
import { type AnsweredQuestion, depths } from "./recall-figures.ts";

/** What was found, and the time it took. */
export interface MeasuredRecall {
  readonly answered: readonly AnsweredQuestion[];
  readonly messages: number;
  /** To bring the index up to date with all messages. */
  readonly indexMs: number;
  /** Of each search, in the order of the questions. */
  readonly searchMs: readonly number[];
  /** Of the messages found for each question, in their order. */
  readonly rankings: string;
}

const deepest: number = Math.max(...depths);
const appendedAtOnce = 100;

/**
 * Appends each conversation to a tenant of its own, session by session, lets recall follow the store, and asks every
 * question, all through the public interfaces.
 */
export async function measureRecall(
  store: Store,
  index: SearchIndex,
  conversations: readonly RecallConversation[],
  embedder?: Embedder,
): Promise<MeasuredRecall> {
  const recall = createRecall({ store, index, embedder });
  const answered: AnsweredQuestion[] = [];
  const searchMs: number[] = [];
  const rankings = createHash("sha256");
  let indexMs = 0;
  for (const conversation of conversations) {
    const tenant = `recall-${conversation.name}`;
    const idAt = await appendAll(store, tenant, conversation.messages);
    const began = performance.now();
    await recall.update(tenant);
    indexMs += performance.now() - began;
    for (const { question, category, evidence } of conversation.questions) {
      const asked = performance.now();
      const ids = await foundIds(recall, tenant, question, idAt);
      searchMs.push(performance.now() - asked);
      rankings.update(`${JSON.stringify(ids)}\n`);
      const rankOf = new Map(ids.map((id, index) => [id, index + 1]));
      answered.push({ category, ranks: evidence.map((id) => rankOf.get(id)) });
    }
  }
  const messages = conversations.reduce((sum, one) => sum + one.messages.length, 0);
  return { answered, messages, indexMs, searchMs, rankings: rankings.digest("hex") };
}

/** Answers the id of the message at each place, see `placeOf`. */
async function appendAll(
  store: Store,
  tenant: string,
  messages: readonly RecallMessage[],
): Promise<ReadonlyMap<string, string>> {
  const memory = createMemory({ store }).tenant(tenant);
  const idAt = new Map<string, string>();
  for (const batch of batchesOf(messages)) {
    const session = batch[0]?.session ?? "";
    const { firstSeq } = await memory.session(session).append(
      batch.map(({ speaker, text, at }) => ({
        role: "user" as const,
        content: text,
        at: timeOf(at),
        metadata: { name: speaker },
      })),
    );
    batch.forEach(({ id }, index) => {
      idAt.set(placeOf(session, firstSeq + index), id);
    });
  }
  return idAt;
}

/** Runs of messages of one session, in the order of the file. */
function batchesOf(messages: readonly RecallMessage[]): readonly (readonly RecallMessage[])[] {
  const batches: RecallMessage[][] = [];
  for (const message of messages) {
    const last = batches.at(-1);
    if (last?.[0]?.session === message.session && last.length < appendedAtOnce) last.push(message);
    else batches.push([message]);
  }
  return batches;
}

async function foundIds(
  recall: StoreRecall,
  tenant: string,
  text: string,
  idAt: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const { hits } = await recall.search(tenant, { text, limit: deepest });
  return hits.map(({ source }) =>
    source.kind === "event" ? (idAt.get(placeOf(source.session, source.seq)) ?? "") : "",
  );
}

function placeOf(session: string, seq: number): string {
  return `${session}\n${seq}`;
}

function timeOf(at: string): number {
  return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(at) ? at : `${at}Z`);
}
