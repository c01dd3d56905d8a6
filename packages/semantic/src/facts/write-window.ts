import {
  type CallOptions,
  type DocumentAddress,
  type DocumentWrite,
  fingerprint,
  type JsonArray,
  type JsonObject,
  MemoryError,
  type SessionAddress,
  type SessionHead,
  type Store,
  updateDocument,
  type WrittenFact,
} from "@relevo/core";
import { rangesOf, recalledNamespaces, supersededByName } from "@relevo/core/input";
import { progressWrite, readFactsProgress } from "./facts-progress.ts";
import { type KnownFact, type KnownFactsWork, knownFacts } from "./known-facts.ts";
import type { FactsWindow, WindowSizes } from "./read-window.ts";

export interface FactsWork extends WindowSizes, KnownFactsWork {
  readonly store: Pick<Store, "log" | "documents" | "feed">;
}

/** A fact is a sentence or two. */
const mostText = 4000;
const mostFacts = 200;
/** So that keys are in the order of what they are from. */
const keyDigits = 16;

/** Has facts written of the messages, and stores them with the progress; returns how many there are. */
export async function writeWindow(
  work: FactsWork,
  address: SessionAddress,
  head: SessionHead,
  window: FactsWindow,
  call: CallOptions,
): Promise<number> {
  const { store, writer } = work;
  const { messages, before, from, to, removalRevision } = window;
  const progress = await readFactsProgress(store, address, writer.name, head, call);
  const known = await knownFacts(work, address, head, window, call);
  const request = { messages, before, known: known.map(({ text, at }) => ({ text, at })), ...call };
  const facts = admitFacts(await writer.write(request), window, known.length, writer.name);
  const namespace = [...recalledNamespaces.facts, writer.name];
  const at = new Map([...before, ...messages].map((message) => [message.seq, message.at]));
  const writes = facts.map((fact, place): DocumentWrite => {
    const last = Math.max(...fact.from);
    return {
      address: { ...address, namespace, key: keyOf(from, place) },
      value: { text: fact.text, at: fact.at ?? at.get(last) ?? 0 },
      metadata: fact.importance === undefined ? {} : { importance: fact.importance },
      derivedFrom: {
        events: {
          session: address.session,
          incarnation: head.incarnation,
          removalRevision,
          ranges: rangesOf(fact.from),
        },
      },
    };
  });
  // First, because nobody would do it after a crash. What refers to a fact that is not there does not count.
  for (const [place, { supersedes }] of facts.entries())
    for (const one of supersedes ?? [])
      await supersede(work, address, known[one]?.place, writes[place]?.address, call);
  const next = { through: to, removalRevision: progress.removalRevision, version: progress.version };
  await store.documents.putMany([...writes, progressWrite(address, writer.name, next)], {
    incarnation: head.incarnation,
    operation: {
      id: `relevo:facts:${fingerprint([writer.name, from, to])}`,
      fingerprint: fingerprint({ writer: writer.name, from, to }),
    },
    ...call,
  });
  return facts.length;
}

function keyOf(from: number, place: number): string {
  return `${String(from).padStart(keyDigits, "0")}-${String(place + 1).padStart(3, "0")}`;
}

/** Notes at the older fact what holds in its place. */
async function supersede(
  { store, onError }: FactsWork,
  { tenant }: SessionAddress,
  older: KnownFact["place"] | undefined,
  newer: DocumentAddress | undefined,
  call: CallOptions,
): Promise<void> {
  if (older === undefined || newer?.session === undefined) return;
  const reference = { session: newer.session, namespace: newer.namespace, key: newer.key };
  try {
    await updateDocument(
      store.documents,
      { tenant, ...older },
      (current) => {
        if (current === undefined) return undefined;
        const noted = (current.metadata[supersededByName] ?? []) as JsonArray;
        if (noted.some((one) => fingerprint(one) === fingerprint(reference))) return undefined;
        const metadata: JsonObject = { ...current.metadata, [supersededByName]: [...noted, reference] };
        const { value, tags, derivedFrom } = current;
        return { value, tags, metadata, derivedFrom };
      },
      call,
    );
  } catch (error) {
    if (call.signal?.aborted === true) throw error;
    onError(error);
  }
}

/** @throws `corrupt` for what a writer must not write: nothing of the range is stored then. */
function admitFacts(
  given: unknown,
  { messages, before }: FactsWindow,
  known: number,
  name: string,
): readonly WrittenFact[] {
  const wrong = (place: number, what: string): MemoryError =>
    new MemoryError("corrupt", `Fact ${place} of the writer ${name} ${what}.`);
  if (!Array.isArray(given) || given.length > mostFacts)
    throw new MemoryError(
      "corrupt",
      `The writer ${name} did not answer an array of at most ${mostFacts} facts.`,
    );
  const seqs = new Set([...before, ...messages].map(({ seq }) => seq));
  return given.map((one: Partial<WrittenFact> | null, place) => {
    const { text, from, at, importance, supersedes } = one ?? {};
    if (typeof text !== "string" || text.trim() === "" || text.length > mostText || !text.isWellFormed())
      throw wrong(place, `has no text of 1 to ${mostText} characters`);
    if (!Array.isArray(from) || from.length === 0 || !from.every((seq) => seqs.has(seq)))
      throw wrong(place, "is not from messages that the writer was shown");
    if (at !== undefined && !(Number.isSafeInteger(at) && Math.abs(at) <= 8.64e15))
      throw wrong(place, "has a time that is none");
    if (importance !== undefined && !(importance >= 0 && importance <= 1))
      throw wrong(place, "has an importance that is not from 0 to 1");
    const places: readonly unknown[] = Array.isArray(supersedes ?? []) ? (supersedes ?? []) : [-1];
    if (!places.every((index) => Number.isInteger(index) && Number(index) >= 0 && Number(index) < known))
      throw wrong(place, "supersedes a fact that the writer was not shown");
    if (text.includes("\0")) throw wrong(place, "has a NUL character");
    return { text, from, at, importance, supersedes: [...new Set(places as readonly number[])] };
  });
}
