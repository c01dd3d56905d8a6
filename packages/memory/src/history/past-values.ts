import {
  allPages,
  type CallOptions,
  type Document,
  type DocumentAddress,
  type DocumentDelete,
  type DocumentInput,
  type DocumentStore,
  type DocumentWrite,
  type DocumentWriteOptions,
  fingerprint,
  isConflict,
  type JsonObject,
  type JsonValue,
  type PutOptions,
} from "@relevo/core";
import { pastElement } from "@relevo/core/input";
import { categoryOf, metadataOf, notesOf, publicTags } from "../entries/entry.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";

/** A value that another one has taken the place of. */
export interface PastEntry {
  readonly key: string;
  readonly value: JsonValue;
  /** That it had; for `revert` and `diff`. */
  readonly version: number;
  readonly tags: readonly string[];
  readonly category?: string;
  readonly metadata: JsonObject;
  /** When it was written, in milliseconds since the epoch, by the store's clock. */
  readonly at: number;
  /** Who wrote it: the agent, or the actor of a workspace. */
  readonly by?: string;
  /** The session that it was written in. */
  readonly session?: string;
  /** As the writer gave it. */
  readonly reason?: string;
}

const versionName = "relevo:version";
const atName = "relevo:at";
const tagsName = "relevo:tags";
const ofName = "relevo:of";

/** The most bytes of tags that are kept with a past value, as JSON: metadata has so much room for notes. */
const maxTagBytes = 24 * 1024;

/** Past values are removed so many at a time, and so many more than wanted may be there. */
const slack = 8;
const prunedAtOnce = 100;

/** Where the past values of this document are: with their owner, so that one write has both. */
function pastNamespace({ namespace, key }: DocumentAddress): readonly string[] {
  const [first = "", second = "", ...rest] = namespace;
  // A hash, because a key may be as long as an address allows.
  return [first, second, pastElement, fingerprint([...rest, key])];
}

function pastAddress(address: DocumentAddress, place: number | "first"): DocumentAddress {
  const key = place === "first" ? place : keyOf(place);
  return { tenant: address.tenant, namespace: pastNamespace(address), key };
}

/** Where the uses of this memory are counted. Beside its past values, and so removed with them. */
export function usesAddress(address: DocumentAddress): DocumentAddress {
  return { tenant: address.tenant, namespace: pastNamespace(address), key: "uses" };
}

function keyOf(place: number): string {
  return String(place).padStart(16, "0");
}

/**
 * Puts a value, and in the same step keeps what it takes the place of. Always two writes, so that a retry under an
 * operation is the same request.
 */
export async function putKeeping(
  runtime: Runtime,
  documents: DocumentStore,
  write: { readonly address: DocumentAddress; readonly input: DocumentInput; readonly keep: number },
  current: Document | undefined,
  { expectedVersion, ...options }: PutOptions,
): Promise<Document> {
  const { address, input, keep } = write;
  const expected = expectedVersion === undefined ? {} : { expectedVersion };
  if (keep === 0) return documents.put(address, input, { ...options, ...expected });
  const past = pastWrite(runtime, address, current, input);
  const [stored] = await documents.putMany([{ ...input, ...expected, address }, past], options);
  if (stored === undefined) throw new Error("A store answers each write.");
  await prunePast(runtime, documents, address, stored, keep);
  return stored;
}

/** What keeps the value that is there now. */
export function pastWrite(
  { clock }: Runtime,
  address: DocumentAddress,
  current: Document | undefined,
  next: DocumentInput,
): DocumentWrite {
  if (current === undefined) return { address: pastAddress(address, "first"), value: null };
  const { past = 0, sources } = notesOf(current);
  const of = [...address.namespace.slice(2), address.key];
  const facts = { [versionName]: current.version, [atName]: current.updatedAt, [ofName]: of };
  const tags = publicTags(current);
  const hasTags = tags.length > 0 && Buffer.byteLength(JSON.stringify(tags)) <= maxTagBytes;
  // What was to be forgotten at a time is forgotten then, and not later than the value that replaced it.
  const remaining =
    current.expiresAt === undefined ? undefined : Math.max(1, current.expiresAt - clock.now());
  const lifetimes = [remaining, next.ttlMs].filter((ms) => ms !== undefined);
  return {
    address: pastAddress(address, past),
    value: current.value,
    metadata: { ...current.metadata, ...facts, ...(hasTags ? { [tagsName]: [...tags] } : {}) },
    ...(sources.length === 0 ? {} : { tags: sources }),
    ...(lifetimes.length === 0 ? {} : { ttlMs: Math.min(...lifetimes) }),
  };
}

/** Removes what is older than wanted, now and then. The value is written: a failure is reported and costs room. */
export async function prunePast(
  { onError }: Runtime,
  documents: DocumentStore,
  address: DocumentAddress,
  stored: Document,
  keep: number,
): Promise<void> {
  const { past = 0 } = notesOf(stored);
  if (past <= keep || past % Math.min(slack, keep) !== 0) return;
  try {
    await clearPast(documents, address, keyOf(past - keep));
  } catch (error) {
    onError(error);
  }
}

/**
 * Removes this version of a value, 0 for none, with its past values: in one step, so that neither stays without the other
 * when it is remembered anew meanwhile. Of more than one batch takes, the rest goes when nothing took its place.
 *
 * @throws `conflict` when it was written meanwhile; what a delete throws.
 */
export async function deleteWithPast(
  { durable: { documents, limits } }: Runtime,
  address: DocumentAddress,
  expectedVersion: number,
  options: DocumentWriteOptions,
): Promise<boolean> {
  const past = await pastPlaces(documents, address, options);
  if (expectedVersion === 0 || past.length === 0) {
    const isDeleted = await documents.delete(address, { ...options, expectedVersion });
    await removeRemnants(documents, address, past, limits.batchItems, options);
    return isDeleted;
  }
  const value = { address, expectedVersion };
  const room = limits.batchItems - 1;
  const count = await documents.deleteMany([value, ...past.slice(0, room)], options);
  await removeRemnants(documents, address, past.slice(room), limits.batchItems, options);
  return count > 0;
}

/** Past values of a value that is gone, as long as it is. */
async function removeRemnants(
  documents: DocumentStore,
  address: DocumentAddress,
  past: readonly DocumentDelete[],
  most: number,
  options: CallOptions,
): Promise<void> {
  try {
    const step = Math.max(1, most - 1);
    for (let from = 0; from < past.length; from += step) {
      const deletes = [{ address, expectedVersion: 0 }, ...past.slice(from, from + step)];
      await documents.deleteMany(deletes, signalOf(options));
    }
  } catch (error) {
    if (!isConflict(error, "version")) throw error;
  }
}

/**
 * Puts a value that expires at once in place of this version, and of its past values, in one step.
 *
 * @throws `conflict` when it was written meanwhile; what a put throws.
 */
export async function expireWithPast(
  { durable: { documents, limits } }: Runtime,
  address: DocumentAddress,
  { metadata, version }: Pick<Document, "metadata" | "version">,
  options: CallOptions,
): Promise<void> {
  const past = await pastPlaces(documents, address, options);
  const empty = { value: null, ttlMs: 1 };
  const room = limits.batchItems - 1;
  const own = past.slice(0, room).map((one) => ({ ...empty, ...one }));
  const value = { address, ...empty, metadata, expectedVersion: version };
  await documents.putMany([value, ...own], signalOf(options));
  await removeRemnants(documents, address, past.slice(room), limits.batchItems, options);
}

/** Where past values of this document are. */
async function pastPlaces(
  documents: DocumentStore,
  address: DocumentAddress,
  options: CallOptions,
): Promise<readonly { readonly address: DocumentAddress }[]> {
  const { tenant } = address;
  const namespace = pastNamespace(address);
  const found: { readonly address: DocumentAddress }[] = [];
  const find = (cursor: { readonly cursor?: string }) =>
    documents.find({ tenant }, { namespace, limit: prunedAtOnce, ...cursor, ...signalOf(options) });
  for await (const { key } of allPages(find)) found.push({ address: { tenant, namespace, key } });
  return found;
}

async function clearPast(
  documents: DocumentStore,
  address: DocumentAddress,
  keyBefore: string,
): Promise<void> {
  const namespace = pastNamespace(address);
  const { tenant } = address;
  for (;;) {
    const { items } = await documents.find({ tenant }, { namespace, limit: prunedAtOnce, keyBefore });
    if (items.length === 0) return;
    await documents.deleteMany(items.map(({ key }) => ({ address: { tenant, namespace, key } })));
    if (items.length < prunedAtOnce) return;
  }
}

/** The past values of a document, newest first. */
export async function listPast(
  documents: DocumentStore,
  address: DocumentAddress,
  current: Document | undefined,
  { limit, ...options }: CallOptions & { readonly limit: number },
): Promise<readonly PastEntry[]> {
  if (current === undefined) return [];
  const { past = 0 } = notesOf(current);
  const places = Array.from({ length: Math.min(limit, past) }, (_, index) => past - 1 - index);
  if (places.length === 0) return [];
  const addresses = places.map((place) => pastAddress(address, place));
  const found = await documents.getMany(addresses, signalOf(options));
  return found.flatMap((document) => (document === undefined ? [] : [entryOfPast(address.key, document)]));
}

/** Whose value it was below its owner, when that was written, and with which tags; `undefined` for what is no value. */
export function pastFacts({
  metadata,
}: Document):
  | { readonly of: readonly unknown[]; readonly at: number; readonly tags: readonly unknown[] }
  | undefined {
  const { [ofName]: of, [atName]: at, [tagsName]: tags } = metadata;
  if (!Array.isArray(of) || typeof at !== "number") return undefined;
  return { of, at, tags: Array.isArray(tags) ? tags : [] };
}

function entryOfPast(key: string, document: Document): PastEntry {
  const { by, reason, session } = notesOf(document);
  const { [versionName]: version, [atName]: at, [tagsName]: tags } = document.metadata;
  const category = categoryOf(document);
  return Object.freeze({
    key,
    value: document.value,
    version: Number(version),
    tags: Object.freeze(Array.isArray(tags) ? tags.map(String) : []),
    ...(category === undefined ? {} : { category }),
    metadata: metadataOf(document),
    at: Number(at),
    ...(by === undefined ? {} : { by }),
    ...(session === undefined ? {} : { session }),
    ...(reason === undefined ? {} : { reason }),
  });
}
