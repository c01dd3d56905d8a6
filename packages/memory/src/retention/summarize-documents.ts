import {
  allPages,
  type CallOptions,
  type Document,
  type DocumentInput,
  fingerprint,
  isConflict,
  type JsonObject,
  type JsonValue,
  type Message,
} from "@relevo/core";
import { isSourceTag, summaryNote, summaryTag, withNotes } from "../entries/entry.ts";
import { isHeldDocument } from "../erasure/holds.ts";
import { expireWithPast } from "../history/past-values.ts";
import { namespaces } from "../namespaces.ts";
import type { Runtime } from "../runtime.ts";
import { type DocumentSearch, dueGroups } from "./due-documents.ts";
import { forgetCopyOf } from "./forget-copy.ts";
import type { DueMemory } from "./memory-kinds.ts";
import { summarizeMessages } from "./summarize-messages.ts";

/** Memories of one namespace that a summary takes the place of; when there is one already, they only have to go. */
export interface SummarizedDocuments {
  readonly kind: "summary";
  readonly memories: readonly DueMemory[];
  readonly isStored: boolean;
  readonly maxTokens: number | undefined;
}

/** How many went, or why none did. */
export type SummarizeOutcome = { readonly documents: number } | { readonly failure: string };

/** The most memories that one summary is of: forgetting one of them removes the summary. */
const mostSources = 32;
/** How long nobody else summarizes the same namespace: longer than ten calls of a summarizer take. */
const claimMs = 15 * 60_000;
/** What a summary has replaced, until it expires: a delete would take what was derived from it. */
const replacedName = "relevo:replaced";

export function isReplaced({ metadata }: Document): boolean {
  return metadata[replacedName] === true;
}

/** Groups of what is due, two memories at least: a summary of one would say the same. */
export async function* dueSummaries(
  runtime: Runtime,
  tenant: string,
  {
    search,
    maxTokens,
    isHeld,
    memoryOf,
  }: {
    readonly search: DocumentSearch;
    readonly maxTokens: number | undefined;
    readonly isHeld: (document: Document) => boolean;
    readonly memoryOf: (document: Document) => DueMemory;
  },
  options: CallOptions,
): AsyncGenerator<SummarizedDocuments | { readonly kind: "held" }, void, void> {
  const isLeftOut = (document: Document): boolean =>
    document.tags.includes(summaryTag) || document.expiresAt !== undefined;
  const groups = dueGroups(runtime, runtime.durable, tenant, { ...search, isLeftOut }, options);
  for await (const { due } of groups) {
    const free = due.filter((document) => !isHeld(document));
    for (let held = due.length - free.length; held > 0; held--) yield { kind: "held" };
    const [first] = free;
    if (first === undefined) continue;
    const covered = await coveredIn(runtime, tenant, first.namespace, options);
    const stored = free.filter((document) => covered.has(nameOf(document)));
    if (stored.length > 0)
      yield { kind: "summary", memories: stored.map(memoryOf), isStored: true, maxTokens };
    // Oldest first, so that what stays for the next time is the newest.
    const left = free.filter((document) => !covered.has(nameOf(document))).reverse();
    for (let start = 0; left.length - start >= 2; ) {
      const rest = left.length - start;
      // A single one at the end would wait for the next time.
      const size = rest === mostSources + 1 ? mostSources - 1 : Math.min(rest, mostSources);
      const memories = left.slice(start, start + size).map(memoryOf);
      yield { kind: "summary", memories, isStored: false, maxTokens };
      start += size;
    }
  }
}

/**
 * Writes the summary, which names what it is of, and then removes that. Safe to be repeated after a crash between any two
 * steps: a memory goes when a stored summary names its version. `undefined` when another process has the claim, or a source was
 * written or removed meanwhile.
 *
 * @throws what the store throws.
 */
export async function summarizeDocuments(
  runtime: Runtime,
  tenant: string,
  { memories, maxTokens }: SummarizedDocuments,
  options: CallOptions,
): Promise<SummarizeOutcome | undefined> {
  const { documents } = runtime.durable;
  const namespace = memories[0]?.document.namespace ?? [];
  const claim = { tenant, namespace: [...namespaces.retentions, "claims"], key: fingerprint(namespace) };
  let claimed: Document;
  try {
    claimed = await documents.put(claim, { value: {}, ttlMs: claimMs }, { expectedVersion: 0, ...options });
  } catch (error) {
    if (isConflict(error, "version")) return undefined;
    throw error;
  }
  try {
    const covered = await coveredIn(runtime, tenant, namespace, options);
    const fresh: Document[] = [];
    for (const { document } of memories)
      if (!covered.has(nameOf(document)) && !(await isHeldDocument(runtime, tenant, document, options)))
        fresh.push(document);
    if (fresh.length > 1) {
      const failure = await writeSummary(runtime, tenant, fresh, maxTokens, options);
      if (failure !== undefined) return { failure };
    }
    const named = await coveredIn(runtime, tenant, namespace, options);
    let count = 0;
    for (const memory of memories)
      if (named.has(nameOf(memory.document)) && (await replace(runtime, tenant, memory, options))) count++;
    return { documents: count };
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  } finally {
    // Not aborted: others would wait for its end.
    await documents.delete(claim, { expectedVersion: claimed.version }).catch(runtime.onError);
  }
}

/** @throws `conflict` when one of them was written or removed meanwhile. */
async function writeSummary(
  runtime: Runtime,
  tenant: string,
  memories: readonly Document[],
  maxTokens: number | undefined,
  options: CallOptions,
): Promise<string | undefined> {
  const { summarizer } = runtime;
  const messages = memories.map(messageOf);
  const made = await summarizeMessages(runtime, { previous: "", messages, maxTokens }, options);
  if ("failure" in made) return made.failure;
  const sources = memories.slice(0, made.done);
  const [{ namespace, updatedAt: from }, { updatedAt: to }] = [
    sources[0] as Document,
    sources.at(-1) as Document,
  ];
  const names = sources.map(({ key, version }) => ({ key, version }));
  const weights = sources.flatMap(({ metadata: { importance } }) =>
    typeof importance === "number" ? importance : [],
  );
  const note: JsonObject = {
    strategy: `retention(${summarizer?.name ?? ""})`,
    ...(summarizer?.model === undefined ? {} : { model: summarizer.model }),
    sourceHash: fingerprint(sources.map(({ key, value }) => [key, value])),
    from,
    to,
  };
  const input: DocumentInput = {
    value: made.text,
    tags: [summaryTag],
    metadata: {
      [summaryNote]: note,
      ...(weights.length === 0 ? {} : { importance: weights.reduce((most, one) => Math.max(most, one)) }),
    },
    derivedFrom: { documents: names.map((name) => ({ namespace, ...name })) },
  };
  const tags = sources.flatMap((document) => document.tags.filter(isSourceTag));
  const address = { tenant, namespace, key: `summary-${fingerprint(names)}` };
  try {
    const noted = withNotes(runtime, input, { sources: tags });
    await runtime.durable.documents.put(address, noted, { expectedVersion: 0, ...options });
  } catch (error) {
    // It is of the same versions: a call that was cut off has written it.
    if (!isConflict(error, "version")) throw error;
  }
  return undefined;
}

function messageOf({ key, value }: Document): Message {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { role: "user", content: `${key}: ${text}` };
}

/**
 * Removes the value of a memory that a summary names, and its past values and copy: by an empty value that expires at once,
 * because a delete would remove the summary, which is derived from it. False when it was written or held meanwhile.
 */
async function replace(
  runtime: Runtime,
  tenant: string,
  memory: DueMemory,
  options: CallOptions,
): Promise<boolean> {
  const { document } = memory;
  if (await isHeldDocument(runtime, tenant, document, options)) return false;
  const { namespace, key, version } = document;
  const address = { tenant, namespace, key };
  await forgetCopyOf(runtime, tenant, memory, options);
  try {
    const metadata = { [replacedName]: true };
    await expireWithPast(runtime, address, { metadata, version }, options);
  } catch (error) {
    if (isConflict(error, "version")) return false;
    throw error;
  }
  await forgetCopyOf(runtime, tenant, memory, options);
  return true;
}

/** The versions of memories that summaries in this namespace are of. */
async function coveredIn(
  { durable: { documents } }: Runtime,
  tenant: string,
  namespace: readonly string[],
  { signal }: CallOptions,
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  const find = (cursor: { readonly cursor?: string }) =>
    documents.find({ tenant }, { namespace, tags: { all: [summaryTag] }, ...cursor, signal });
  for await (const { derivedFrom } of allPages(find))
    for (const source of derivedFrom?.documents ?? []) names.add(nameOf(source));
  return names;
}

function nameOf({ key, version }: Pick<Document, "key" | "version">): string {
  return JSON.stringify([key, version] satisfies JsonValue);
}
