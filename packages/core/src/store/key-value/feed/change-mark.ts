import { tenantKeys } from "../layout.ts";
import { encodeKey, type KeyPart } from "../space/encode-key.ts";
import type { KeyRecord } from "../space/records.ts";
import type { Transaction } from "../space/transaction.ts";

/**
 * Changes are numbered by epochs, so that writers need no common counter. A write stands in the epoch that it read, and is
 * committed only if that is still the present one. A reader that wants to see all of an epoch begins the next: what was not
 * committed by then is not in it, and is tried again in the new one.
 */
export interface FeedState {
  readonly epoch: number;
  /** The newest epoch of a change that was forgotten, and the epoch that was present then; 0 for none. */
  readonly forgotten: number;
  readonly forgottenIn: number;
}

export const firstFeed: FeedState = { epoch: 1, forgotten: 0, forgottenIn: 0 };

/** Where the newest change of a unit stands in the feed. */
export interface ChangeMark {
  readonly epoch: number;
  readonly at: number;
}

/** The unit as it stands in the feed. */
export type FeedUnit =
  | readonly [kind: "session", session: string]
  | readonly [kind: "owner", ...owner: string[]];

export function feedOf(record: KeyRecord | undefined): FeedState {
  return (record as KeyRecord<FeedState> | undefined)?.value ?? firstFeed;
}

/** Puts the unit at the end of the feed, in place of its last change. `record` is that of the feed, as it was read. */
export function markChange(
  transaction: Transaction<unknown>,
  record: KeyRecord | undefined,
  unit: FeedUnit,
  before: ChangeMark | undefined,
): ChangeMark {
  const { tenant, now } = transaction;
  transaction.require(tenantKeys.feed(tenant), record);
  const mark: ChangeMark = { epoch: feedOf(record).epoch, at: now };
  if (before !== undefined) transaction.remove(changeKey(tenant, before, unit));
  transaction.put(changeKey(tenant, mark, unit), [...unit]);
  return mark;
}

/**
 * Takes a unit that has ended out of the feed. Consumers that have not come that far yet are refused from then on: they
 * would never hear of its end.
 */
export async function forgetChange(
  transaction: Transaction<unknown>,
  unit: FeedUnit,
  mark: ChangeMark | undefined,
): Promise<void> {
  if (mark === undefined) return;
  const { tenant } = transaction;
  const key = tenantKeys.feed(tenant);
  const [record] = (await transaction.read([key])).records;
  transaction.require(key, record);
  const { epoch, forgotten } = feedOf(record);
  const next: FeedState = {
    epoch: epoch + 1,
    forgotten: Math.max(forgotten, mark.epoch),
    forgottenIn: epoch + 1,
  };
  transaction.put(key, { ...next });
  transaction.remove(changeKey(tenant, mark, unit));
}

function changeKey(tenant: string, { epoch, at }: ChangeMark, unit: FeedUnit): Uint8Array {
  const place: readonly KeyPart[] = [epoch, at, ...unit];
  return Buffer.concat([tenantKeys.changes(tenant), encodeKey(...place)]);
}
