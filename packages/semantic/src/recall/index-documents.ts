import {
  allPages,
  type CallOptions,
  type Document,
  type JsonValue,
  type SearchChange,
  type SearchItem,
  type SearchStream,
  type Store,
} from "@relevo/core";
import { likeliestLanguage } from "../analysis/create-analysis.ts";
import type { LanguageName } from "../analysis/language.ts";
import { type Indexing, lacksVectors } from "./index-session.ts";
import { embeddedText } from "./message-items.ts";
import { piecesOf } from "./pieces.ts";

/** Which documents can be found, and by which text. */
export interface IndexedDocuments {
  /** Documents that stand alone below one of these namespaces. Nothing else is indexed. */
  readonly namespaces: readonly (readonly string[])[];
  /**
   * The text of a document; `undefined` for one that is not to be found. All strings of its value, each on a line of its own,
   * when left out. Must answer the same for the same document.
   */
  readonly text?: ((document: Document) => string | undefined) | undefined;
}

export interface DocumentIndexing extends Indexing {
  readonly store: Pick<Store, "log" | "documents">;
  readonly documents?: IndexedDocuments | undefined;
}

type DocumentStream = Extract<SearchStream, { readonly kind: "document" }>;

const documentsAtOnce = 100;
/** An owner whose documents are written faster than they are indexed is left to the next look at the change feed. */
const mostRounds = 20;

/**
 * Brings the index up to date with the documents of one owner (see `unitOf`). All of them are listed, and those with a new
 * version are indexed, until nothing changes any more: what was deleted while it was indexed is taken out again.
 */
export async function indexDocuments(
  work: DocumentIndexing,
  tenant: string,
  owner: readonly string[],
  call: CallOptions,
): Promise<void> {
  const { documents } = work;
  if (documents === undefined || !documents.namespaces.some((prefix) => areRelated(prefix, owner))) return;
  for (let round = 0; round < mostRounds; round++)
    if (!(await indexOnce(work, documents, tenant, owner, call))) return;
}

/** True when something was written. */
async function indexOnce(
  work: DocumentIndexing,
  documents: IndexedDocuments,
  tenant: string,
  owner: readonly string[],
  call: CallOptions,
): Promise<boolean> {
  const gone = await knownVersions(work, tenant, owner, call);
  const scope = owner.length === 1 ? { namespace: owner } : { namespacePrefix: owner };
  const found = allPages((page) =>
    work.store.documents.find({ tenant }, { ...scope, limit: documentsAtOnce, ...page, ...call }),
  );
  let changed = false;
  for await (const document of found) {
    const { namespace, key, version } = document;
    const name = nameOf(namespace, key);
    const text = textOfDocument(document, documents);
    if (text === undefined) continue;
    const known = gone.get(name)?.version;
    gone.delete(name);
    if (known === version) continue;
    await work.index.write(tenant, await changeOf(work, document, text, call), call);
    changed = true;
  }
  for (const { stream } of gone.values()) {
    const { namespace: namespacePrefix, key } = stream;
    await work.index.remove(tenant, { namespacePrefix, key }, call);
  }
  return changed;
}

interface KnownDocument {
  readonly stream: DocumentStream;
  readonly version: number | undefined;
}

async function knownVersions(
  { index, embedder }: DocumentIndexing,
  tenant: string,
  owner: readonly string[],
  call: CallOptions,
): Promise<Map<string, KnownDocument>> {
  const known = new Map<string, KnownDocument>();
  const states = allPages((page) => index.streams(tenant, { namespacePrefix: owner }, { ...page, ...call }));
  for await (const state of states) {
    const { stream, revision } = state;
    if (stream.kind !== "document") continue;
    // A namespace of one element is an owner by itself.
    if (owner.length === 1 && stream.namespace.length > 1) continue;
    // What waits for its vectors is written again.
    const version = lacksVectors(state) && embedder?.isReady() === true ? undefined : revision;
    known.set(nameOf(stream.namespace, stream.key), { stream, version });
  }
  return known;
}

/** The text by which a document is found; `undefined` for one that is not. */
export function textOfDocument(
  document: Document,
  { namespaces, text }: IndexedDocuments,
): string | undefined {
  if (!namespaces.some((prefix) => isBelow(prefix, document.namespace))) return undefined;
  const found = text === undefined ? stringsOf(document.value).join("\n") : text(document);
  return found === undefined || found.trim() === "" ? undefined : found;
}

async function changeOf(
  work: DocumentIndexing,
  document: Document,
  text: string,
  call: CallOptions,
): Promise<SearchChange> {
  const { analysis, embedder } = work;
  const { namespace, key, version, updatedAt: at, metadata, value } = document;
  const counts = new Map<LanguageName, number>();
  analysis.countStopWords(text, counts);
  const language = work.language ?? likeliestLanguage(counts);
  const pieces = piecesOf(text);
  const texts = pieces.map((piece) => embeddedText(undefined, piece));
  const vectors = await embedder?.embed(texts, call);
  const items = pieces.map((piece, position): SearchItem => {
    const vector = vectors?.[position];
    return {
      position,
      at,
      ...analysis.analyse(piece, language, at),
      metadata,
      value,
      ...(vector === undefined ? {} : { vector }),
    };
  });
  const progress = embedder !== undefined && vectors === undefined ? { unembedded: 0 } : null;
  return { stream: { kind: "document", namespace, key }, revision: version, items, language, progress };
}

function stringsOf(value: JsonValue): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(stringsOf);
}

function isBelow(prefix: readonly string[], namespace: readonly string[]): boolean {
  return prefix.every((element, index) => namespace[index] === element);
}

/** Whether one is below the other. */
function areRelated(left: readonly string[], right: readonly string[]): boolean {
  return left.length <= right.length ? isBelow(left, right) : isBelow(right, left);
}

function nameOf(namespace: readonly string[], key: string): string {
  return JSON.stringify([namespace, key]);
}
