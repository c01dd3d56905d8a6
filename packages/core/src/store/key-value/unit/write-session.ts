import type { SessionAddress } from "../../../address.ts";
import type { SeqRange } from "../../../events.ts";
import type { JsonObject } from "../../../json.ts";
import type { CallOptions } from "../../../ports/common.ts";
import type { Answer } from "../../answer.ts";
import { addRemoval } from "../../removals.ts";
import type { DriverContext } from "../context.ts";
import { markChange } from "../feed/change-mark.ts";
import { tenantKeys } from "../layout.ts";
import type { LeaseRecord } from "../leases.ts";
import { settleStep } from "../log/settle-marks.ts";
import type { KeyRecord } from "../space/records.ts";
import { newToken } from "../space/retry.ts";
import { type Transaction, transact } from "../space/transaction.ts";
import { liveState, type SessionPlace, type SessionSlot, type SessionState } from "./session-slot.ts";

/** A write to one session: its transaction, and what it found. */
export interface SessionWrite {
  readonly transaction: Transaction<SessionSlot>;
  readonly place: SessionPlace;
  /** The incarnation that lives. */
  readonly live: SessionState | undefined;
  /** What was read together with the session: one for each of the keys that were asked for. */
  readonly records: readonly (KeyRecord | undefined)[];
}

const unsettled = Symbol("unsettled");

/**
 * Runs a write to one session, as `transact` does, and has the feed report it. Marks that an earlier call left pending are put on their events
 * first, so that no write meets any.
 */
export async function writeSession<Result>(
  context: DriverContext,
  place: SessionPlace,
  call: CallOptions,
  run: (write: SessionWrite) => Result | Promise<Result>,
  keys: readonly Uint8Array[] = [],
): Promise<Result> {
  const unit = { tenant: place.tenant, key: tenantKeys.session(place.tenant, place.session) };
  for (;;) {
    const result = await transact<SessionSlot, Result | typeof unsettled>(
      context,
      unit,
      call,
      async (transaction) => {
        if (await settleStep(context, transaction, place)) return unsettled;
        const records = transaction.first.records.slice(0, keys.length);
        const live = liveState(transaction.state, transaction.now);
        const result = await run({ transaction, place, live, records });
        const next = transaction.next?.state;
        if (next !== undefined) {
          const feed = transaction.first.records.at(-1);
          const changed = markChange(
            transaction,
            feed,
            ["session", place.session],
            transaction.state?.changed,
          );
          transaction.save({ ...next, changed });
        }
        return result;
      },
      [...keys, tenantKeys.feed(place.tenant)],
    );
    if (result !== unsettled) return result;
  }
}

/** The state of a new incarnation, before anything is written to it. */
export function newLife(
  context: DriverContext,
  now: number,
  init: { readonly subject: string | undefined; readonly metadata: JsonObject },
): SessionState {
  return {
    generation: newToken(),
    incarnation: context.ids.next(),
    version: 0,
    revision: 0,
    token: context.nextToken(),
    removalRevision: 0,
    removed: [],
    firstSeq: 1,
    bytes: 0,
    lastRetraction: 0,
    pending: [],
    settled: 0,
    ...(init.subject === undefined ? {} : { subject: init.subject }),
    metadata: init.metadata,
    createdAt: now,
    updatedAt: now,
    ...(context.ttlMs === undefined ? {} : { ttlMs: context.ttlMs }),
  };
}

/** Remembers what the write that leads to the state's revision takes out. */
export function noteRemoval(state: SessionState, ranges: readonly SeqRange[]): SessionState {
  const { removed, revision } = state;
  return { ...state, removed: addRemoval(removed, revision, ranges), removalRevision: revision };
}

type Refused = Answer<never> | undefined;

export function refuseIncarnation(live: SessionState | undefined, incarnation: string | undefined): Refused {
  return incarnation === undefined || live?.incarnation === incarnation ? undefined : { refused: "ended" };
}

/** What every write under a guard checks after the incarnation: the seal, and the fence when one is named. */
export function refuseGuard(
  write: SessionWrite,
  fence: number | undefined,
  lease: KeyRecord | undefined,
): Refused {
  return write.live?.sealed === true ? { refused: "sealed" } : refuseFence(write, fence, lease);
}

/** What a write reads to check a fence, as the first of its records. */
export function fenceKeys({ tenant, session }: SessionAddress, fence: number | undefined): Uint8Array[] {
  return fence === undefined ? [] : [tenantKeys.lease(tenant, session)];
}

export function refuseFence(
  { transaction, place }: SessionWrite,
  fence: number | undefined,
  lease: KeyRecord | undefined,
): Refused {
  if (fence === undefined) return undefined;
  transaction.require(tenantKeys.lease(place.tenant, place.session), lease);
  const current = (lease as LeaseRecord | undefined)?.value.state.fence ?? 0;
  return fence === current ? undefined : { refused: "fence", current };
}
