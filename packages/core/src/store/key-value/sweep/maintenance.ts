import { documentSortKey } from "../../../order.ts";
import type { CallOptions } from "../../../ports/common.ts";
import type { Durability, ExpireResult } from "../../../ports/store.ts";
import type { Answer } from "../../answer.ts";
import type { DriverPage, MaintenanceDriver } from "../../driver.ts";
import type { AdmittedExpire, AdmittedTenants } from "../../upkeep-calls.ts";
import type { DriverContext } from "../context.ts";
import { type OwnerDocumentOperation, ownerOperationMs } from "../documents/document-operations.ts";
import { type OwnerState, ownerMemoryMs, writeDocuments } from "../documents/document-unit.ts";
import {
  type DocumentRecord,
  documentDueKey,
  liveDocument,
  removeDocument,
} from "../documents/stored-document.ts";
import { forgetChange, markChange } from "../feed/change-mark.ts";
import { documentKeys, dueBefore, dueKey, tenantKeys, under } from "../layout.ts";
import { type LeaseState, leaseMemoryMs } from "../leases.ts";
import { slotOf } from "../log/log-snapshot.ts";
import { settleSession } from "../log/settle-marks.ts";
import { afterKey, afterPrefix, decodeKey } from "../space/encode-key.ts";
import { timeOf } from "../space/failures.ts";
import { commitRepeatable, type PartsNote, removalOf, removeKeys, removeParts } from "../space/left-parts.ts";
import { inlineValue, type KeyRecord, readKeys, readRecords } from "../space/records.ts";
import { type Transaction, transact } from "../space/transaction.ts";
import { endLife, liveState, requireFloor, type SessionSlot, saveLive } from "../unit/session-slot.ts";
import { type EndedGeneration, sweepGeneration, sweepOperations } from "./sweep-generation.ts";

/** What an entry of the list of due work says. */
type DueNote =
  | { readonly kind: "session" | "settle" | "lease"; readonly tenant: string; readonly session: string }
  | ({ readonly kind: "generation" | "operations" } & EndedGeneration)
  | {
      readonly kind: "document";
      readonly tenant: string;
      readonly session?: string;
      readonly generation?: string;
      readonly namespace: readonly string[];
      readonly key: string;
    }
  | { readonly kind: "owner"; readonly tenant: string; readonly owner: readonly string[] }
  | {
      readonly kind: "owner-operation";
      readonly tenant: string;
      readonly owner: readonly string[];
      readonly id: string;
    }
  | { readonly kind: "stage" | "abandoned"; readonly tenant: string; readonly id: string }
  | PartsNote;

type DueRecord = KeyRecord<DueNote>;

/** What one piece of due work removed. */
type Removed = "session" | "document" | undefined;

/** The most pieces of due work that one call does. */
const maxSteps = 10_000;
const batchSize = 100;

export function createMaintenanceDriver(context: DriverContext, durability: Durability): MaintenanceDriver {
  return {
    tenants: (request) => listTenants(context, request),
    expire: (request) => expire(context, request),
    durability: () => ({ ok: durability }),
  };
}

async function expire(
  context: DriverContext,
  { limit, signal }: AdmittedExpire,
): Promise<Answer<ExpireResult>> {
  const call: CallOptions = { signal };
  const { space } = context;
  let until = Number.POSITIVE_INFINITY;
  let sessions = 0;
  let documents = 0;
  for (let steps = 0; steps < maxSteps; ) {
    // Not what becomes due meanwhile, nor, when the clock was set back, what is not due any more.
    until = Math.min(until, await timeOf(space));
    const { ranges } = await readRecords(space, [], [dueBefore(until, batchSize)], call);
    const due = (ranges[0] ?? []) as unknown as readonly DueRecord[];
    if (due.length === 0) return { ok: { sessions, documents, more: false } };
    for (const record of due) {
      if (sessions + documents >= limit) return { ok: { sessions, documents, more: true } };
      const removed = await doDue(context, record, call);
      if (removed === "session") sessions++;
      if (removed === "document") documents++;
      steps++;
    }
  }
  return { ok: { sessions, documents, more: true } };
}

/** Does one piece of due work, and takes it off the list; both may be repeated after a crash. */
async function doDue(context: DriverContext, record: DueRecord, call: CallOptions): Promise<Removed> {
  const { space } = context;
  const { key, value: note } = record;
  const done = async (result?: Removed): Promise<Removed> => {
    // Unless it was put on the list again meanwhile.
    await commitRepeatable(space, [{ key, value: undefined }], [record], call);
    return result;
  };
  switch (note.kind) {
    case "session":
      return await done(await endIfExpired(context, note, call));
    case "document":
      return await done(await removeIfExpired(context, note, call));
    case "generation":
      // Takes its own entry off the list.
      await sweepGeneration(context, note, call);
      return undefined;
    case "operations":
      await sweepOperations(context, note, call);
      return await done();
    case "settle":
      await settleSession(context, note, call);
      return await done();
    case "lease":
      await forgetLease(context, note, call);
      return await done();
    case "owner":
      await forgetOwner(context, note, call);
      return await done();
    case "owner-operation":
      await forgetOperation(context, note, call);
      return await done();
    case "parts":
      await removeParts(space, [{ key, value: note }], call);
      return undefined;
    case "stage":
    case "abandoned":
      await removeStage(context, record, note, call);
      return undefined;
    default:
      return await done();
  }
}

async function endIfExpired(
  context: DriverContext,
  place: { readonly tenant: string; readonly session: string },
  call: CallOptions,
): Promise<Removed> {
  const { tenant, session } = place;
  const unit = { tenant, key: tenantKeys.session(tenant, session) };
  const end = (transaction: Transaction<SessionSlot>): boolean => {
    const { state: slot, now } = transaction;
    const live = slot?.live;
    if (slot === undefined || live === undefined) return false;
    const isOver = live.expiresAt !== undefined && live.expiresAt <= now;
    if (isOver) {
      const changed = markChange(
        transaction,
        transaction.first.records[0],
        ["session", session],
        slot.changed,
      );
      transaction.save({ ...endLife(transaction, place, slot), changed });
    } else {
      // Written to since it was put on the list: put on it again, for when it ends now.
      const { due: _before, ...state } = live;
      saveLive(transaction, place, slot, state);
    }
    return isOver;
  };
  const ended = await transact(context, unit, call, end, [tenantKeys.feed(tenant)]);
  return ended ? "session" : undefined;
}

async function removeIfExpired(
  context: DriverContext,
  note: Extract<DueNote, { kind: "document" }>,
  call: CallOptions,
): Promise<Removed> {
  const { tenant, session, generation, namespace } = note;
  const request = {
    scope: session === undefined ? { tenant } : { tenant, session },
    namespace,
    incarnation: undefined,
    fence: undefined,
    subject: undefined,
    metadata: {},
    signal: call.signal,
  };
  const answer = await writeDocuments<boolean>(context, request, { sealedToo: true }, async (unit) => {
    if (unit === undefined || unit.live?.generation !== generation) return { ok: false };
    const sortKey = documentSortKey(namespace, note.key);
    const [record] = (await unit.transaction.read([unit.keys.document(sortKey)])).records;
    const found = record as DocumentRecord | undefined;
    if (found === undefined) return { ok: false };
    if (liveDocument(found, unit.transaction.now) !== undefined) {
      // The clock was set back since the list was read: put on it again, or nothing would remove the document.
      if (found.value.expiresAt !== undefined) {
        unit.transaction.put(documentDueKey(found.value.expiresAt, unit.place, sortKey), { ...note });
        unit.save(unit.version, 0);
      }
      return { ok: false };
    }
    removeDocument(unit.transaction, unit.keys, unit.place, found);
    unit.save(unit.version, -1);
    return { ok: true };
  });
  return answer.ok === true ? "document" : undefined;
}

async function forgetLease(
  context: DriverContext,
  { tenant, session }: { readonly tenant: string; readonly session: string },
  call: CallOptions,
): Promise<void> {
  const unit = { tenant, key: tenantKeys.lease(tenant, session) };
  await transact<LeaseState, void>(context, unit, call, async (transaction) => {
    const { state: lease, now } = transaction;
    if (lease === undefined) return;
    const due = lease.expiresAt + leaseMemoryMs;
    if (due > now) {
      transaction.put(dueKey(due, "lease", tenant, session), { kind: "lease", tenant, session });
      transaction.save({ ...lease, due });
      return;
    }
    const floor = await requireFloor(transaction, tenant);
    const fence = Math.max(floor.fence, lease.fence);
    transaction.put(tenantKeys.floor(tenant), { ...floor, fence });
    transaction.save(undefined);
  });
}

async function forgetOperation(
  { space }: DriverContext,
  { tenant, owner, id }: Extract<DueNote, { kind: "owner-operation" }>,
  call: CallOptions,
): Promise<void> {
  const key = tenantKeys.ownerOperation(tenant, owner, id);
  const [record] = (await readRecords(space, [key], [], call)).records;
  const known = record?.value as unknown as OwnerDocumentOperation | undefined;
  if (record === undefined || known === undefined) return;
  const now = await timeOf(space);
  if (known.at + ownerOperationMs > now) return;
  await commitRepeatable(space, removalOf([record], now), [record], call);
}

async function forgetOwner(
  context: DriverContext,
  { tenant, owner }: { readonly tenant: string; readonly owner: readonly string[] },
  call: CallOptions,
): Promise<void> {
  const unit = { tenant, key: tenantKeys.owner(tenant, owner) };
  await transact<OwnerState, void>(context, unit, call, async (transaction) => {
    const { state } = transaction;
    const isRecent = (state?.changed?.at ?? 0) + ownerMemoryMs > transaction.now;
    if (state === undefined || state.documents > 0 || isRecent) return;
    const floor = await requireFloor(transaction, tenant);
    const document = Math.max(floor.document, state.documentVersion);
    transaction.put(tenantKeys.floor(tenant), { ...floor, document });
    await forgetChange(transaction, ["owner", ...owner], state.changed);
    transaction.save(undefined);
  });
}

/**
 * Removes parts that no commit pointed to in time. The note is replaced first: a commit that still comes needs it as it
 * was, and fails.
 */
async function removeStage(
  { space }: DriverContext,
  { key, version }: DueRecord,
  note: Extract<DueNote, { kind: "stage" | "abandoned" }>,
  call: CallOptions,
): Promise<void> {
  if (note.kind === "stage") {
    const value = inlineValue(Buffer.from(JSON.stringify({ ...note, kind: "abandoned" })));
    await commitRepeatable(space, [{ key, value }], [{ key, version }], call);
    // Whichever way that went, the next look at the list goes on with what is there.
    return;
  }
  for (;;) {
    const parts = await readKeys(space, under(tenantKeys.chunk(note.tenant, note.id), batchSize), call);
    if (parts.length === 0) break;
    await removeKeys(space, parts, call);
  }
  await removeKeys(space, [key], call);
}

/** Tenants of which anything lives, from one to the next by their place in the order of keys. */
async function listTenants(
  { space }: DriverContext,
  { limit, after, signal }: AdmittedTenants,
): Promise<Answer<DriverPage<string, string>>> {
  const call: CallOptions = { signal };
  const items: string[] = [];
  const now = await timeOf(space);
  const to = afterPrefix(tenantKeys.any);
  let from = after === undefined ? tenantKeys.any : afterPrefix(tenantKeys.all(after));
  for (;;) {
    const [first] = await readKeys(space, { from, to, limit: 1 }, call);
    const tenant = first && String(decodeKey(first, 2)[1]);
    if (tenant === undefined) return { ok: { items } };
    if (await hasLive(space, tenant, now, call)) {
      const last = items.at(-1);
      if (items.length === limit && last !== undefined) return { ok: { items, next: last } };
      items.push(tenant);
    }
    from = afterPrefix(tenantKeys.all(tenant));
  }
}

async function hasLive(
  space: DriverContext["space"],
  tenant: string,
  now: number,
  call: CallOptions,
): Promise<boolean> {
  const isLive = [
    {
      prefix: tenantKeys.sessions(tenant),
      test: (record: KeyRecord) => liveState(slotOf(record), now) !== undefined,
    },
    {
      prefix: documentKeys(tenant, undefined).documents,
      test: (record: KeyRecord) => liveDocument(record as unknown as DocumentRecord, now) !== undefined,
    },
  ];
  for (const { prefix, test } of isLive) {
    const to = afterPrefix(prefix);
    for (let from = prefix; ; ) {
      const page = (await readRecords(space, [], [{ from, to, limit: batchSize }], call)).ranges[0] ?? [];
      if (page.some(test)) return true;
      const last = page.at(-1);
      if (last === undefined || page.length < batchSize) break;
      from = afterKey(last.key);
    }
  }
  return false;
}
