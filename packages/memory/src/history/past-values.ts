import {
  type CallOptions,
  type Document,
  type DocumentAddress,
  type DocumentInput,
  type DocumentStore,
  type DocumentWrite,
  fingerprint,
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
  { clock, limits }: Runtime,
  address: DocumentAddress,
  current: Document | undefined,
  next: DocumentInput,
): DocumentWrite {
  if (current === undefined) return { address: pastAddress(address, "first"), value: null };
  const { past = 0, sources } = notesOf(current);
  const of = [...address.namespace.slice(2), address.key];
  const facts = { [versionName]: current.version, [atName]: current.updatedAt, [ofName]: of };
  const tags = publicTags(current);
  const whole = { ...current.metadata, ...facts, ...(tags.length === 0 ? {} : { [tagsName]: [...tags] }) };
  const { [tagsName]: _tags, ...plain } = whole as JsonObject;
  const fits = Buffer.byteLength(JSON.stringify(whole)) <= limits.metadataBytes;
  // What was to be forgotten at a time is forgotten then, and not later than the value that replaced it.
  const remaining =
    current.expiresAt === undefined ? undefined : Math.max(1, current.expiresAt - clock.now());
  const lifetimes = [remaining, next.ttlMs].filter((ms) => ms !== undefined);
  return {
    address: pastAddress(address, past),
    value: current.value,
    metadata: fits ? whole : fitting(plain, facts, limits.metadataBytes),
    ...(sources.length === 0 ? {} : { tags: sources }),
    ...(lifetimes.length === 0 ? {} : { ttlMs: Math.min(...lifetimes) }),
  };
}

function fitting(plain: JsonObject, facts: JsonObject, bytes: number): JsonObject {
  return Buffer.byteLength(JSON.stringify(plain)) <= bytes ? plain : facts;
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
    await clearPast(documents, address, { keyBefore: keyOf(past - keep) });
  } catch (error) {
    onError(error);
  }
}

/** Removes all when the value is gone: a retry must not take what was remembered since. */
export async function forgetPast(
  documents: DocumentStore,
  address: DocumentAddress,
  options: CallOptions,
): Promise<void> {
  if ((await documents.get(address, options)) === undefined) await clearPast(documents, address, options);
}

/** Removes past values, all when no bound is given. */
export async function clearPast(
  documents: DocumentStore,
  address: DocumentAddress,
  { keyBefore, ...options }: CallOptions & { readonly keyBefore?: string } = {},
): Promise<void> {
  const namespace = pastNamespace(address);
  const { tenant } = address;
  const bound = keyBefore === undefined ? {} : { keyBefore };
  for (;;) {
    const query = { namespace, limit: prunedAtOnce, ...bound, ...signalOf(options) };
    const { items } = await documents.find({ tenant }, query);
    if (items.length === 0) return;
    await documents.deleteMany(
      items.map(({ key }) => ({ address: { tenant, namespace, key } })),
      signalOf(options),
    );
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
