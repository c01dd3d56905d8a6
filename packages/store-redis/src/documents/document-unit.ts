import type { Document, DocumentScope, Operation } from "@relevo/core";
import type { AdmittedGuard, Answer } from "@relevo/core/store";
import { answerOf, isNewer, newerFormat, replyOf } from "../answers.ts";
import type { CallSettings, Connection } from "../connection/connection.ts";
import type { StoreContext } from "../context.ts";
import { type AloneKeys, bucketOf, buckets, type DocumentKeys, type SessionKeys } from "../keys.ts";
import { decodeText, encoded } from "../log/head-codec.ts";
import * as scripts from "../scripts/scripts.generated.ts";
import { decodeDocument, mayExpire, type UnitState } from "./document-codec.ts";

/** Documents that lie together: those of one session, or of one bucket of namespaces. Writes are atomic within. */
export type DocumentUnit =
  | { readonly keys: SessionKeys; readonly session: string }
  | { readonly keys: AloneKeys; readonly session: undefined };

/** The unit of a session, or of the owner of a namespace that stands alone. */
export function documentUnitOf(
  { keys }: StoreContext,
  { tenant, session }: DocumentScope,
  namespace: readonly string[],
): DocumentUnit {
  if (session !== undefined) return { keys: keys.session(tenant, session), session };
  return { keys: keys.bucket(tenant, bucketOf(namespace.slice(0, 2).join("\0"))), session };
}

/** Every unit of the scope: one for a session, one for each bucket otherwise. */
export function unitsOf(context: StoreContext, scope: DocumentScope): readonly DocumentUnit[] {
  if (scope.session !== undefined) return [documentUnitOf(context, scope, [])];
  return Array.from({ length: buckets }, (_, bucket) => ({
    keys: context.keys.bucket(scope.tenant, bucket),
    session: undefined,
  }));
}

/** What a script read at a sort key, and how many bytes it has. */
export interface ReadRecord {
  readonly document: Document | undefined;
  readonly bytes: number;
}

const noRecord: ReadRecord = { document: undefined, bytes: 0 };

/** The documents with these sort keys at one moment, in this order; all of a session that is not there are missing. */
export async function readDocuments(
  context: StoreContext,
  unit: DocumentUnit,
  sortKeys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Answer<readonly (Document | undefined)[]>> {
  if (unit.session === undefined) {
    const plain = await readUnending(context, unit, sortKeys, signal);
    if (plain !== undefined) return { ok: plain };
  }
  const answer = await runRead(context, unit, [scripts.getAlone, scripts.getInSession], { sortKeys }, signal);
  return answer.refused === undefined ? { ok: answer.ok.map(({ document }) => document) } : answer;
}

/** Documents that live for ever need no script, and so no clock. `undefined` when some of these may have expired. */
async function readUnending(
  { connection }: StoreContext,
  { keys: { documents: hash } }: DocumentUnit,
  sortKeys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly (Document | undefined)[] | undefined> {
  const [format, ...records] = (await connection.read(hash, ["HMGET", hash, "", ...sortKeys], {
    signal,
  })) as (string | null)[];
  requireFormat(format);
  if (records.some((record) => record !== null && mayExpire(record))) return undefined;
  const state: UnitState = { expiresAt: 0, incarnation: undefined };
  return records.map((record) => (record === null ? undefined : decodeDocument(record, state)));
}

/** How documents are read: what was last written before `since` is missing, and `asStored` have the end that is their own. */
export interface Reading {
  readonly since: number;
  readonly asStored: boolean;
}

/** Bytes after which the server reads no further document of a unit in one call. */
export const someBytes: number = 1024 * 1024;

/**
 * As `readDocuments`, but no more of them than a call may cost: those from the first on, at least one.
 */
export async function readSomeDocuments(
  context: StoreContext,
  unit: DocumentUnit,
  sortKeys: readonly string[],
  { since, asStored }: Reading,
  signal: AbortSignal | undefined,
): Promise<Answer<readonly ReadRecord[]>> {
  const pair = [scripts.getSomeAlone, scripts.getSomeInSession] as const;
  return await runRead(context, unit, pair, { most: someBytes, since, sortKeys }, signal, asStored);
}

/** A pair of scripts for the two kinds of units. */
type ReadScripts<Arguments> = readonly [
  alone: scripts.EmbeddedScript<DocumentKeys, Arguments>,
  inSession: scripts.EmbeddedScript<SessionKeys, Arguments>,
];

async function runRead<Arguments extends { readonly sortKeys: readonly string[] }>(
  { connection }: StoreContext,
  unit: DocumentUnit,
  [alone, inSession]: ReadScripts<Arguments>,
  values: Arguments,
  signal: AbortSignal | undefined,
  asStored: boolean = false,
): Promise<Answer<readonly ReadRecord[]>> {
  const answer = answerOf(
    unit.session === undefined
      ? await connection.script(alone, unit.keys, values, { signal })
      : await connection.script(inSession, unit.keys, values, { signal }),
    ([, expiresAt, incarnation, ...records]) => {
      const state = stateOf(asStored ? 0 : expiresAt, incarnation);
      return (records as readonly string[]).map((record) => ({
        document: record === "" ? undefined : decodeDocument(record, state),
        bytes: Buffer.byteLength(record),
      }));
    },
  );
  if (answer.refused !== undefined) return answer;
  // A session that is not there has none of them.
  return { ok: answer.ok ?? values.sortKeys.map(() => noRecord) };
}

/** False when the unit is of a session that is not there; what was lost must not look empty. */
export async function isReadable(
  { connection }: StoreContext,
  unit: DocumentUnit | undefined,
  signal: AbortSignal | undefined,
): Promise<Answer<boolean>> {
  if (unit?.session === undefined) return { ok: true };
  const answer = answerOf(
    await connection.script(scripts.checkDocuments, unit.keys, {}, { signal }),
    () => true,
  );
  return answer.refused === undefined ? { ok: answer.ok === true } : answer;
}

export function stateOf(expiresAt: unknown, incarnation: unknown): UnitState {
  return {
    expiresAt: Number(expiresAt),
    incarnation: incarnation === "" ? undefined : decodeText(String(incarnation)),
  };
}

/** Of a script that writes documents of a session: what the guard names, beside what is to be written. */
interface Guarded {
  readonly session: string;
  readonly incarnation: string | undefined;
  readonly fence: number | undefined;
}

/** What scripts are told of an operation. */
export function operationValues(operation: Operation | undefined): {
  readonly operation: string | undefined;
  readonly fingerprint: string | undefined;
} {
  return { operation: operation?.id, fingerprint: encoded(operation?.fingerprint) };
}

/** Scripts on documents that stand alone get operations and sources only when they need them: each key costs time. */
type RareKeys = "ownerOperations" | "olderOwnerOperations" | "ownerSources";
type GivenKeys = Omit<AloneKeys, RareKeys> & { readonly [Key in RareKeys]: string | undefined };

/** What a call names beside the documents. */
interface Named extends Pick<AdmittedGuard, "incarnation" | "fence"> {
  readonly operation?: Operation | undefined;
}

interface UnitSettings extends CallSettings {
  /** Whether what is written names sources. */
  readonly isSourced?: boolean;
}

/** Runs one of a pair of scripts on the unit. */
export async function runOnUnit<Arguments>(
  { connection }: StoreContext,
  unit: DocumentUnit,
  alone: scripts.EmbeddedScript<GivenKeys, Arguments>,
  inSession: scripts.EmbeddedScript<SessionKeys, Arguments & Guarded>,
  { incarnation, fence, operation }: Named,
  values: Arguments,
  settings: UnitSettings,
): Promise<unknown> {
  if (unit.session === undefined) {
    if (settings.isSourced !== true) {
      const recorded = { ...unit.keys, ownerSources: undefined };
      const few =
        operation === undefined
          ? { ...recorded, ownerOperations: undefined, olderOwnerOperations: undefined }
          : recorded;
      const answer = await connection.script(alone, few, values, settings);
      // Something that it would change is derived: it has changed nothing.
      if (replyOf(answer)[0] !== "sources") return answer;
    }
    return await connection.script(alone, unit.keys, values, settings);
  }
  const guarded = { ...values, session: unit.session, incarnation: encoded(incarnation), fence };
  return await connection.script(inSession, unit.keys, guarded, settings);
}

/** @throws `unsupported` when the documents have a newer format. */
export async function requireKnownFormat(
  connection: Connection,
  { documents }: DocumentKeys,
  signal: AbortSignal | undefined,
): Promise<void> {
  requireFormat((await connection.read(documents, ["HGET", documents, ""], { signal })) as string | null);
}

function requireFormat(text: string | null | undefined): void {
  if (text !== null && text !== undefined && isNewer(text)) throw newerFormat();
}
