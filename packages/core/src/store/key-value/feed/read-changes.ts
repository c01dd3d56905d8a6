import type { ChangedUnit } from "../../../ports/change-feed.ts";
import type { Answer } from "../../answer.ts";
import type { DriverChanges, FeedDriver } from "../../driver.ts";
import type { AdmittedChanges } from "../../feed-calls.ts";
import type { DriverContext } from "../context.ts";
import { tenantKeys } from "../layout.ts";
import { slotOf } from "../log/log-snapshot.ts";
import { afterKey, afterPrefix, decodeKey, encodeKey } from "../space/encode-key.ts";
import { timeOf } from "../space/failures.ts";
import { commitRepeatable } from "../space/left-parts.ts";
import { inlineValue, type KeyRecord, readRecords } from "../space/records.ts";
import { pause } from "../space/retry.ts";
import { liveState } from "../unit/session-slot.ts";
import { type FeedState, type FeedUnit, feedOf } from "./change-mark.ts";

/** Where a consumer stands: behind which place, and in which epoch it had last read everything, or began to read. */
interface FeedPosition {
  readonly place: Uint8Array;
  readonly epoch: number;
  readonly since: number;
}

export function createFeedDriver(context: DriverContext): FeedDriver {
  return { changes: (request) => readChanges(context, request) };
}

async function readChanges(context: DriverContext, request: AdmittedChanges): Promise<Answer<DriverChanges>> {
  const { space } = context;
  const { tenant, limit } = request;
  const given = request.after === undefined ? undefined : parsePosition(request.after);
  if (request.after !== undefined && given === undefined) return { refused: "position" };
  const list = tenantKeys.changes(tenant);
  const to = afterPrefix(list);
  for (let attempt = 1; ; attempt++) {
    // From now on: everything before is in the epochs that have ended, the present one included.
    const isLate = given === undefined && request.from === "now";
    const from = given === undefined ? list : afterKey(Buffer.concat([list, given.place]));
    const range = isLate ? { from, to, limit: 1, reverse: true } : { from, to, limit: limit + 1 };
    const { records, ranges } = await readRecords(space, [tenantKeys.feed(tenant)], [range], request);
    const [record] = records;
    const feed = feedOf(record);
    if (given !== undefined && isLost(given, feed)) return { refused: "changes" };
    const found = ranges[0] ?? [];
    const ended = found.filter(({ key }) => epochOf(key, list) < feed.epoch);
    if (ended.length < found.length && (isLate || ended.length === 0)) {
      await endEpoch(context, request, record, feed);
      if (attempt > 2) await pause(attempt, request.signal);
      continue;
    }
    const shown = isLate ? [] : ended.slice(0, limit);
    const more = !isLate && shown.length < found.length;
    const last = shown.at(-1);
    // Who has seen everything stands at the beginning of the present epoch, of which nothing was there.
    const position =
      more && last !== undefined
        ? { place: last.key.subarray(list.byteLength), since: given?.since ?? feed.epoch }
        : { place: encodeKey(feed.epoch), since: feed.epoch };
    return { ok: { units: await unitsOf(context, request, shown), position: positionText(position), more } };
  }
}

function positionText({ place, since }: Omit<FeedPosition, "epoch">): string {
  return JSON.stringify([since, Buffer.from(place).toString("base64url")]);
}

/** What a consumer has of its position is text from outside. */
function parsePosition(text: string): FeedPosition | undefined {
  try {
    const parts: unknown = JSON.parse(text);
    if (!Array.isArray(parts) || parts.length !== 2) return undefined;
    const [since, name] = parts as readonly unknown[];
    if (typeof name !== "string" || typeof since !== "number" || !Number.isSafeInteger(since))
      return undefined;
    const place = Buffer.from(name, "base64url");
    const [epoch] = decodeKey(place, 1);
    return typeof epoch === "number" ? { place, epoch, since } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a unit that the consumer has not heard of was forgotten, or the space is older than the position. */
function isLost({ epoch, since }: FeedPosition, feed: FeedState): boolean {
  return since > feed.epoch || (feed.forgottenIn > since && feed.forgotten >= epoch);
}

function epochOf(key: Uint8Array, list: Uint8Array): number {
  return Number(decodeKey(key.subarray(list.byteLength), 1)[0]);
}

async function endEpoch(
  { space }: DriverContext,
  { tenant, signal }: AdmittedChanges,
  record: KeyRecord | undefined,
  feed: FeedState,
): Promise<void> {
  const key = tenantKeys.feed(tenant);
  const value = inlineValue(Buffer.from(JSON.stringify({ ...feed, epoch: feed.epoch + 1 })));
  // Whoever ended it, it has ended.
  await commitRepeatable(space, [{ key, value }], [{ key, version: record?.version }], { signal });
}

async function unitsOf(
  { space }: DriverContext,
  { tenant, signal }: AdmittedChanges,
  shown: readonly KeyRecord[],
): Promise<readonly ChangedUnit[]> {
  const units = shown.map(({ value }) => value as unknown as FeedUnit);
  const keys = units.flatMap(([kind, session]) =>
    kind === "session" ? tenantKeys.session(tenant, session) : [],
  );
  if (keys.length === 0) return units.map(([, ...namespace]) => ({ kind: "owner", namespace }));
  const now = await timeOf(space);
  const { records } = await readRecords(space, keys, [], { signal });
  let next = 0;
  return units.map((unit): ChangedUnit => {
    if (unit[0] === "owner") return { kind: "owner", namespace: unit.slice(1) };
    const live = liveState(slotOf(records[next++]), now);
    const session = unit[1];
    return live === undefined
      ? { kind: "session", session }
      : { kind: "session", session, incarnation: live.incarnation };
  });
}
