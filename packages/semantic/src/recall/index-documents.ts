import {
  allPages,
  type CallOptions,
  type Document,
  type SearchChange,
  type SearchItem,
  type SearchStream,
  type SearchStreamState,
  type SessionHead,
  type Store,
} from "@relevo/core";
import { likeliestLanguage } from "../analysis/create-analysis.ts";
import type { LanguageName } from "../analysis/language.ts";
import { withImportance } from "../analysis/marks.ts";
import {
  type DocumentTexts,
  importanceOf,
  ownerOf,
  publicMetadata,
  textOfDocument,
  timeOfDocument,
} from "./document-text.ts";
import { filteredValue } from "./filtered-fields.ts";
import { type Indexing, isMadeBy, lacksVectors, madeBy } from "./indexing.ts";
import { embeddedText } from "./message-items.ts";
import { piecesOf } from "./pieces.ts";
import { areRelated } from "./policy.ts";

export interface DocumentIndexing extends Indexing, DocumentTexts {
  /** Where documents that stand alone are. */
  readonly durable: Pick<Store, "documents">;
}

type DocumentStream = Extract<SearchStream, { readonly kind: "document" }>;

/** Documents that are listed together. */
interface Place {
  readonly session?: SessionHead;
  /** All of them, a page at a time. */
  readonly documents: () => AsyncIterable<Document>;
  /** The state of those in the index. */
  readonly states: () => AsyncIterable<SearchStreamState>;
}

const documentsAtOnce = 100;
/** Documents that are written faster than they are indexed are left to the next look at the change feed. */
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
  const { policy, durable, index } = work;
  if (!policy.alone.some((prefix) => areRelated(prefix, owner))) {
    // An earlier policy may have let them in.
    if (work.sweeps === true) await index.remove(tenant, { namespacePrefix: owner }, call);
    return;
  }
  const scope = owner.length === 1 ? { namespace: owner } : { namespacePrefix: owner };
  await indexPlace(
    work,
    tenant,
    {
      documents: () =>
        allPages((page) =>
          durable.documents.find({ tenant }, { ...scope, limit: documentsAtOnce, ...page, ...call }),
        ),
      async *states() {
        const selector = { namespacePrefix: owner };
        for await (const state of allPages((page) => index.streams(tenant, selector, { ...page, ...call }))) {
          const { stream } = state;
          // A namespace of one element is an owner by itself.
          if (stream.kind === "document" && (owner.length > 1 || stream.namespace.length === 1)) yield state;
        }
      },
    },
    call,
  );
}

/** As `indexDocuments`, for the documents of a session. */
export async function indexSessionDocuments(
  work: DocumentIndexing,
  tenant: string,
  session: string,
  call: CallOptions,
): Promise<void> {
  const { policy, store, index } = work;
  if (policy.inSessions.length === 0 && work.sweeps !== true) return;
  const address = { tenant, session };
  const head = await store.log.head(address, call);
  if (head === undefined) return;
  await indexPlace(
    work,
    tenant,
    {
      session: head,
      async *documents() {
        for (const namespacePrefix of policy.inSessions)
          yield* allPages((page) =>
            store.documents.find(address, { namespacePrefix, limit: documentsAtOnce, ...page, ...call }),
          );
      },
      async *states() {
        // What was taken out leaves an empty stream.
        for await (const state of allPages((page) =>
          index.streams(tenant, { session }, { ...page, ...call }),
        ))
          if (state.stream.kind === "document" && state.items > 0) yield state;
      },
    },
    call,
  );
}

async function indexPlace(
  work: DocumentIndexing,
  tenant: string,
  place: Place,
  call: CallOptions,
): Promise<void> {
  for (let round = 0; round < mostRounds; round++) if (!(await indexOnce(work, tenant, place, call))) return;
}

/** True when something was written. */
async function indexOnce(
  work: DocumentIndexing,
  tenant: string,
  place: Place,
  call: CallOptions,
): Promise<boolean> {
  const { index } = work;
  const gone = new Map<string, SearchStreamState>();
  for await (const state of place.states())
    if (state.stream.kind === "document") gone.set(nameOf(state.stream), state);
  let changed = false;
  for await (const document of place.documents()) {
    const text = textOfDocument(document, work);
    if (text === undefined) continue;
    const { namespace, key, version } = document;
    const session = place.session === undefined ? {} : { session: place.session.session };
    const stream: DocumentStream = { kind: "document", ...session, namespace, key };
    const known = gone.get(nameOf(stream));
    gone.delete(nameOf(stream));
    const subject = place.session === undefined ? ownerOf(document).subject : place.session.subject;
    const isSame = known?.revision === version && (subject === undefined || known.subject === subject);
    if (known !== undefined && isSame && isCurrent(work, known)) continue;
    await index.write(tenant, await changeOf(work, stream, document, subject, text, call), call);
    changed = true;
  }
  for (const { stream, revision } of gone.values()) {
    if (stream.kind !== "document") continue;
    if (stream.session !== undefined) await index.write(tenant, { stream, revision, items: [] }, call);
    else await index.remove(tenant, { namespacePrefix: stream.namespace, key: stream.key }, call);
  }
  return changed;
}

/** What waits for its vectors, or was made by another analysis, is written again. */
function isCurrent(work: Indexing, known: SearchStreamState): boolean {
  return isMadeBy(work, known) && !(work.embedder?.isReady() === true && lacksVectors(known));
}

async function changeOf(
  work: DocumentIndexing,
  stream: DocumentStream,
  document: Document,
  subject: string | undefined,
  text: string,
  call: CallOptions,
): Promise<SearchChange> {
  const { analysis, embedder } = work;
  const { version, value } = document;
  const at = timeOfDocument(document);
  const importance = importanceOf(document.metadata);
  const { agent } = ownerOf(document);
  const counts = new Map<LanguageName, number>();
  analysis.countStopWords(text, counts);
  const language = work.language ?? likeliestLanguage(counts);
  const pieces = piecesOf(text);
  const metadata = filteredValue(publicMetadata(document.metadata), pieces.length);
  const filtered = filteredValue(value, pieces.length);
  const texts = pieces.map((piece) => embeddedText(undefined, piece));
  const vectors = await embedder?.embed(texts, call);
  const items = pieces.map((piece, position): SearchItem => {
    const vector = vectors?.[position];
    const analysed = analysis.analyse(piece, language, at);
    return {
      position,
      at,
      ...analysed,
      marks: withImportance(analysed.marks, importance),
      ...(metadata === undefined ? {} : { metadata }),
      ...(filtered === undefined ? {} : { value: filtered }),
      ...(agent === undefined ? {} : { agent }),
      ...(vector === undefined ? {} : { vector }),
    };
  });
  const unembedded = embedder !== undefined && vectors === undefined ? { unembedded: 0 } : {};
  const progress = { ...madeBy(work), ...unembedded };
  return {
    stream,
    revision: version,
    items,
    language,
    progress,
    ...(subject === undefined ? {} : { subject }),
  };
}

function nameOf({ session, namespace, key }: DocumentStream): string {
  return JSON.stringify([session ?? null, namespace, key]);
}
