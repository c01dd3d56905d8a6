import type {
  CallOptions,
  Document,
  FactWriter,
  Recall,
  RecallHit,
  SessionAddress,
  SessionHead,
  Store,
} from "@relevo/core";
import { recalledNamespaces, supersededByName } from "@relevo/core/input";
import type { FactsWindow } from "./read-window.ts";

/** A fact that may no longer hold, and where it is. */
export interface KnownFact {
  readonly place: { readonly session: string; readonly namespace: readonly string[]; readonly key: string };
  readonly text: string;
  readonly at: number;
}

export interface KnownFactsWork {
  readonly store: Pick<Store, "log" | "documents">;
  readonly writer: FactWriter;
  readonly recall: Recall | undefined;
  readonly onError: (error: unknown) => void;
}

/** What the messages are like is found by a search; what they change may have none of their words, and is found by its age. */
const mostFound = 20;
const mostSessions = 5;
const newestOfEach = 10;

/** Facts of the same person, or else of the same session, that the messages may change: facts of others are none of theirs. */
export async function knownFacts(
  work: KnownFactsWork,
  address: SessionAddress,
  head: SessionHead,
  window: FactsWindow,
  call: CallOptions,
): Promise<readonly KnownFact[]> {
  const known = new Map<string, KnownFact>();
  for (const fact of [
    ...(await foundFacts(work, address, head, window, call)),
    ...(await newestFacts(work, address, head, call)),
  ])
    known.set(JSON.stringify(fact.place), fact);
  return [...known.values()].sort((left, right) => left.at - right.at);
}

async function foundFacts(
  { recall, onError }: KnownFactsWork,
  { tenant, session }: SessionAddress,
  { subject }: SessionHead,
  { messages }: FactsWindow,
  call: CallOptions,
): Promise<readonly KnownFact[]> {
  if (recall === undefined) return [];
  try {
    const { hits } = await recall.search(tenant, {
      text: messages.map(({ text }) => text).join("\n"),
      in: ["facts"],
      limit: mostFound,
      ...(subject === undefined ? { sessions: [session] } : { users: [subject] }),
      ...call,
    });
    return hits.flatMap(factOfHit);
  } catch (error) {
    if (call.signal?.aborted === true) throw error;
    // Facts are written all the same.
    onError(error);
    return [];
  }
}

function factOfHit({ source, text, at, supersededBy }: RecallHit): readonly KnownFact[] {
  if (source.kind !== "document" || source.session === undefined || supersededBy !== undefined) return [];
  const { session, namespace, key } = source;
  return [{ place: { session, namespace, key }, text, at }];
}

async function newestFacts(
  { store, writer }: KnownFactsWork,
  { tenant, session }: SessionAddress,
  { subject }: SessionHead,
  call: CallOptions,
): Promise<readonly KnownFact[]> {
  const namespace = [...recalledNamespaces.facts, writer.name];
  const others =
    subject === undefined
      ? []
      : (
          await store.log.list(tenant, {
            subject,
            order: "updated",
            direction: "backward",
            limit: mostSessions,
            ...call,
          })
        ).items.map((head) => head.session);
  const facts: KnownFact[] = [];
  for (const one of new Set([session, ...others])) {
    const { items } = await store.documents.find(
      { tenant, session: one },
      { namespace, direction: "backward", limit: newestOfEach, ...call },
    );
    for (const document of items) facts.push(...factOfDocument(document, one));
  }
  return facts;
}

function factOfDocument(
  { namespace, key, value, metadata }: Document,
  session: string,
): readonly KnownFact[] {
  const { text, at } = value as { readonly text?: unknown; readonly at?: unknown };
  const isSuperseded = metadata[supersededByName] !== undefined;
  if (typeof text !== "string" || typeof at !== "number" || isSuperseded) return [];
  return [{ place: { session, namespace, key }, text, at }];
}
