import type { SeqRange } from "../../../events.ts";
import type { JsonObject } from "../../../json.ts";
import type { ChangedHead, SessionHead } from "../../../ports/event-log.ts";
import type { RemovedRange } from "../../removals.ts";
import type { ChangeMark } from "../feed/change-mark.ts";
import { dueKey, generationKeys, tenantKeys } from "../layout.ts";
import type { KeyRecord } from "../space/records.ts";
import type { Transaction } from "../space/transaction.ts";

/** Marks that are in force but do not stand on all of their events yet. The ranges hold nothing else. */
export type PendingMark =
  | { readonly kind: "retract"; readonly by: number; readonly ranges: readonly SeqRange[] }
  | {
      readonly kind: "erase";
      readonly at: number;
      readonly ranges: readonly SeqRange[];
      /** What was derived from the events stays. */
      readonly keeps?: boolean;
    };

/** The head of an incarnation. */
export interface SessionState {
  readonly generation: string;
  readonly incarnation: string;
  readonly version: number;
  readonly revision: number;
  /** Of the write that led to the revision. */
  readonly token: string;
  readonly removalRevision: number;
  readonly removed: readonly RemovedRange[];
  readonly firstSeq: number;
  readonly bytes: number;
  /** `seq` of the newest retraction that marked anything. */
  readonly lastRetraction: number;
  readonly pending: readonly PendingMark[];
  /** How often pending marks were put on events. */
  readonly settled: number;
  readonly subject?: string | undefined;
  readonly metadata: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly ttlMs?: number | undefined;
  readonly expiresAt?: number | undefined;
  readonly sealed?: boolean | undefined;
  /** When upkeep looks at the session: not after it expires. */
  readonly due?: number | undefined;
}

/** The unit record of a session. Stays for as long as something of the session is remembered. */
export interface SessionSlot {
  readonly live?: SessionState | undefined;
  /** The last version given to a document of the session, in any incarnation. */
  readonly documentVersion: number;
  /** Where the session stands in the feed. */
  readonly changed?: ChangeMark | undefined;
}

export interface SessionPlace {
  readonly tenant: string;
  readonly session: string;
}

/** What no new version or fence may be below. */
export interface Floor {
  readonly document: number;
  readonly fence: number;
}

export const noFloor: Floor = { document: 0, fence: 0 };

/** The incarnation that lives, if one does. What has expired is not there, removed or not. */
export function liveState(slot: SessionSlot | undefined, now: number): SessionState | undefined {
  const live = slot?.live;
  return live?.expiresAt !== undefined && live.expiresAt <= now ? undefined : live;
}

/** The slot without an incarnation, and what that leaves to upkeep. */
export function endLife(
  transaction: Transaction<SessionSlot>,
  { tenant, session }: SessionPlace,
  slot: SessionSlot,
): SessionSlot {
  const { live, ...rest } = slot;
  if (live === undefined) return rest;
  const { generation } = live;
  transaction.put(dueKey(transaction.now, "generation", tenant, generation), {
    kind: "generation",
    tenant,
    session,
    generation,
    endedAt: transaction.now,
  });
  for (const key of listKeys({ tenant, session }, live)) transaction.remove(key);
  return rest;
}

/** A place for a new incarnation: the present slot without what has expired, or a new one. */
export async function vacantSlot(
  transaction: Transaction<SessionSlot>,
  place: SessionPlace,
): Promise<SessionSlot> {
  if (transaction.state !== undefined) return endLife(transaction, place, transaction.state);
  return { documentVersion: (await requireFloor(transaction, place.tenant)).document };
}

/** The floor of a tenant, which must still be the same at the commit. */
export async function requireFloor(transaction: Transaction<unknown>, tenant: string): Promise<Floor> {
  const key = tenantKeys.floor(tenant);
  const [record] = (await transaction.read([key])).records;
  transaction.require(key, record);
  return (record as KeyRecord<Floor> | undefined)?.value ?? noFloor;
}

/** Saves the incarnation, and has upkeep look at it in time. */
export function saveLive(
  transaction: Transaction<SessionSlot>,
  { tenant, session }: SessionPlace,
  slot: SessionSlot,
  state: SessionState,
): SessionState {
  const { expiresAt, due } = state;
  let saved = state;
  if (expiresAt !== undefined && (due === undefined || expiresAt < due)) {
    transaction.put(dueKey(expiresAt, "session", tenant, session), { kind: "session", tenant, session });
    saved = { ...state, due: expiresAt };
  }
  const before = transaction.state?.live;
  const isNew = before?.generation !== state.generation;
  if (isNew || before.subject !== state.subject || before.updatedAt !== state.updatedAt) {
    const place = { tenant, session };
    // A new incarnation stands where `endLife` took the one before it out.
    if (before !== undefined && !isNew) for (const key of listKeys(place, before)) transaction.remove(key);
    for (const key of listKeys(place, state)) transaction.put(key, 0);
  }
  transaction.save({ ...slot, live: saved });
  return saved;
}

/** Where the session stands in the lists of its tenant, beside its own record. */
function listKeys({ tenant, session }: SessionPlace, { subject, updatedAt }: SessionState): Uint8Array[] {
  const keys = [tenantKeys.updated(tenant, updatedAt, session)];
  if (subject !== undefined) {
    keys.push(tenantKeys.bySubject(tenant, subject, session));
    keys.push(tenantKeys.bySubjectUpdated(tenant, subject, updatedAt, session));
  }
  return keys;
}

/** The state after a write that moves the revision. */
export function revised(
  state: SessionState,
  token: string,
  revision: number = state.revision + 1,
): SessionState {
  return { ...state, revision, token };
}

/** When the session ends unless something is written, from now on. */
export function refreshed(state: SessionState, now: number): SessionState {
  const { expiresAt: _before, ...rest } = state;
  return state.ttlMs === undefined ? rest : { ...rest, expiresAt: now + state.ttlMs };
}

export function headOf(session: string, state: SessionState): SessionHead {
  const { version, firstSeq, subject, expiresAt } = state;
  return {
    session,
    incarnation: state.incarnation,
    version,
    revision: state.revision,
    token: state.token,
    removalRevision: state.removalRevision,
    firstSeq,
    events: version - firstSeq + 1,
    bytes: state.bytes,
    ...(subject === undefined ? {} : { subject }),
    metadata: state.metadata,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(state.sealed === true ? { sealed: true as const } : {}),
  };
}

/** The head after a call, with the token that the call found. */
export function changedHeadOf(
  session: string,
  state: SessionState,
  before: SessionState | undefined,
): ChangedHead {
  return { ...headOf(session, state), ...previousToken(before) };
}

export function previousToken(before: SessionState | undefined): { readonly previousToken?: string } {
  return before === undefined ? {} : { previousToken: before.token };
}

export function keysOf({ tenant }: SessionPlace, state: SessionState): ReturnType<typeof generationKeys> {
  return generationKeys(tenant, state.generation);
}
