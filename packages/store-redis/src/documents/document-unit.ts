import type { CallOptions, Document, DocumentScope } from "@relevo/core";
import type { AdmittedGuard } from "@relevo/core/store";
import type { Script } from "../connection/connection.ts";
import type { StoreContext } from "../context.ts";
import { bucketOf, buckets, type SessionKeys } from "../keys.ts";
import { decodeText, restOf } from "../log/head-codec.ts";
import { type Answer, requireDone } from "../log/status.ts";
import * as scripts from "../scripts/read-documents.ts";
import { decodeDocument, mayExpire, type UnitState } from "./document-codec.ts";

/** Documents that lie together: those of one session, or of one bucket of namespaces. Writes are atomic within. */
export interface DocumentUnit {
  readonly keys: readonly [hash: string, order: string, tags: string, expiring: string];
  readonly session: { readonly id: string; readonly keys: SessionKeys } | undefined;
}

/** The unit of a session, or of a namespace that stands alone. */
export function unitOf(
  { keys }: StoreContext,
  { tenant, session }: DocumentScope,
  namespace: readonly string[],
): DocumentUnit {
  if (session !== undefined) {
    const sessionKeys = keys.session(tenant, session);
    return { keys: sessionKeys.documents, session: { id: session, keys: sessionKeys } };
  }
  return { keys: keys.bucket(tenant, bucketOf(namespace.join("\0"))).documents, session: undefined };
}

/** Every unit of the scope: one for a session, one for each bucket otherwise. */
export function unitsOf(context: StoreContext, scope: DocumentScope): readonly DocumentUnit[] {
  if (scope.session !== undefined) return [unitOf(context, scope, [])];
  return Array.from({ length: buckets }, (_, bucket) => ({
    keys: context.keys.bucket(scope.tenant, bucket).documents,
    session: undefined,
  }));
}

/** The documents with these sort keys at one moment, in this order; all of a session that is not there are missing. */
export async function readDocuments(
  context: StoreContext,
  unit: DocumentUnit,
  sortKeys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly (Document | undefined)[]> {
  if (sortKeys.length === 0) return [];
  if (unit.session === undefined) {
    const plain = await readUnending(context, unit, sortKeys, signal);
    if (plain !== undefined) return plain;
  }
  const records = await runRead(context, unit, [scripts.getAlone, scripts.getInSession], sortKeys, signal);
  return records?.map(({ document }) => document) ?? sortKeys.map(() => undefined);
}

/** Documents that live for ever need no script, and so no clock. `undefined` when some of these may have expired. */
async function readUnending(
  { connection }: StoreContext,
  { keys: [hash] }: DocumentUnit,
  sortKeys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly (Document | undefined)[] | undefined> {
  const records = (await connection.read(hash, ["HMGET", hash, ...sortKeys], { signal })) as (
    | string
    | null
  )[];
  if (records.some((record) => record !== null && mayExpire(record))) return undefined;
  const state: UnitState = { expiresAt: 0, incarnation: undefined };
  return records.map((record) => (record === null ? undefined : decodeDocument(record, state)));
}

/** What a script read at a sort key, and how long it is. */
export interface ReadRecord {
  readonly document: Document | undefined;
  readonly length: number;
}

/** Bytes after which the server reads no further document of a unit in one call. */
const someBytes = 1024 * 1024;

/**
 * As `readDocuments`, but no more of them than a call may cost: those from the first on, at least one. What was last
 * written before `since` is missing too.
 */
export async function readSomeDocuments(
  context: StoreContext,
  unit: DocumentUnit,
  sortKeys: readonly string[],
  since: number,
  signal: AbortSignal | undefined,
): Promise<readonly ReadRecord[]> {
  const pair = [scripts.getSomeAlone, scripts.getSomeInSession] as const;
  const args = [`${someBytes}`, `${since}`, ...sortKeys];
  return (
    (await runRead(context, unit, pair, args, signal)) ??
    sortKeys.map(() => ({ document: undefined, length: 0 }))
  );
}

/** `undefined` for a session that is not there. */
async function runRead(
  { connection }: StoreContext,
  { session, keys: [hash] }: DocumentUnit,
  [alone, inSession]: readonly [Script, Script],
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly ReadRecord[] | undefined> {
  const answer = requireDone(
    session === undefined
      ? await connection.script(alone, [hash], args, { signal })
      : await connection.script(inSession, [session.keys.log, session.keys.operations, hash], args, {
          signal,
        }),
  );
  if (answer[0] === "none") return undefined;
  const [, expiresAt, incarnation, ...records] = answer as unknown as [string, number, string, ...string[]];
  const state = stateOf(expiresAt, incarnation);
  return records.map((record) => ({
    document: record === "" ? undefined : decodeDocument(record, state),
    length: record.length,
  }));
}

/** False when the unit is of a session that is not there. @throws `history-lost`: what was lost must not look empty. */
export async function isReadable(
  { connection }: StoreContext,
  unit: DocumentUnit | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (unit?.session === undefined) return true;
  const { log, operations } = unit.session.keys;
  const keys = [log, operations, ...unit.keys];
  return requireDone(await connection.script(scripts.openSession, keys, [], { signal }))[0] === "ok";
}

export function stateOf(expiresAt: unknown, incarnation: unknown): UnitState {
  return {
    expiresAt: Number(expiresAt),
    incarnation: incarnation === "" ? undefined : decodeText(String(incarnation)),
  };
}

/** Runs one of a pair of scripts on the unit. */
export async function runOnUnit(
  { connection }: StoreContext,
  unit: DocumentUnit,
  [alone, inSession]: readonly [Script, Script],
  guard: AdmittedGuard,
  seed: readonly string[],
  args: readonly string[],
  { signal }: CallOptions,
): Promise<Answer> {
  const { session } = unit;
  if (session === undefined) return (await connection.script(alone, unit.keys, args, { signal })) as Answer;
  const { incarnation, fence } = guard;
  const named = incarnation === undefined ? "" : encodeURIComponent(incarnation);
  const guardArgs = [session.id, named, fence === undefined ? "" : `${fence}`];
  return (await connection.script(inSession, session.keys.all, [...guardArgs, ...seed, ...args], {
    signal,
  })) as Answer;
}

/** What a put that creates its session begins it with. */
export function seedOf(context: StoreContext, { subject, metadata }: AdmittedGuard): readonly string[] {
  return [
    context.ids.next(),
    `${context.ttlMs ?? 0}`,
    context.fixedExpiry ? "1" : "0",
    subject === undefined ? "" : encodeURIComponent(subject),
    restOf(subject, metadata),
  ];
}
