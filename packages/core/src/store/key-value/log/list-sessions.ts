import type { SessionHead } from "../../../ports/event-log.ts";
import type { Answer } from "../../answer.ts";
import type { DriverPage } from "../../driver.ts";
import type { AdmittedListSessions, ListPosition } from "../../list-calls.ts";
import type { DriverContext } from "../context.ts";
import { tenantKeys } from "../layout.ts";
import {
  afterKey,
  afterPrefix,
  decodeKey,
  encodeKey,
  type KeyPart,
  textPrefix,
} from "../space/encode-key.ts";
import { timeOf } from "../space/failures.ts";
import { type KeyRecord, readRecords } from "../space/records.ts";
import { headOf, liveState } from "../unit/session-slot.ts";
import { slotOf } from "./log-snapshot.ts";

/** How many sessions one call looks at when filters leave most of them out. */
const lookBudget = 10_000;
const batchSize = 250;

/** Heads in the order asked: from the records of the sessions themselves, or through a list of their places. */
export async function listSessions(
  { space }: DriverContext,
  request: AdmittedListSessions,
): Promise<Answer<DriverPage<SessionHead, ListPosition>>> {
  const { tenant, order, direction, subject, idleSince, prefix = "", limit } = request;
  const holdsSlots = order === "id" && subject === undefined;
  const backward = direction === "backward";
  let { from, to } = boundsOf(request);
  const now = await timeOf(space);
  const items: SessionHead[] = [];
  let budget = lookBudget;
  let position: ListPosition | undefined;
  while (Buffer.compare(from, to) < 0) {
    const size = Math.min(limit - items.length + 1, batchSize);
    const range = { from, to, limit: size, reverse: backward };
    const found = (await readRecords(space, [], [range], request)).ranges[0] ?? [];
    const places = found.map(({ key }) => placeOf(key, order));
    const slots: readonly (KeyRecord | undefined)[] = holdsSlots
      ? found
      : (
          await readRecords(
            space,
            places.map(({ session }) => tenantKeys.session(tenant, session)),
            [],
            request,
          )
        ).records;
    for (const [index, place] of places.entries()) {
      if ((items.length === limit || budget-- === 0) && position !== undefined)
        return { ok: { items, next: position } };
      position = place;
      const { session } = place;
      const state = liveState(slotOf(slots[index]), now);
      if (state === undefined || !session.startsWith(prefix)) continue;
      // Written to, or given to another, since its place was read.
      if (order === "updated" && state.updatedAt !== place.updatedAt) continue;
      if (subject !== undefined && state.subject !== subject) continue;
      if (idleSince === undefined || state.updatedAt <= idleSince) items.push(headOf(session, state));
    }
    const last = found.at(-1);
    if (last === undefined || found.length < size) break;
    if (backward) to = last.key;
    else from = afterKey(last.key);
  }
  return { ok: { items } };
}

/** The part of the list that is asked for, without what the pages before have shown. */
function boundsOf({ tenant, order, direction, subject, idleSince, prefix, after }: AdmittedListSessions): {
  from: Uint8Array;
  to: Uint8Array;
} {
  const list =
    order === "id"
      ? subject === undefined
        ? tenantKeys.sessions(tenant)
        : tenantKeys.bySubject(tenant, subject)
      : subject === undefined
        ? tenantKeys.updated(tenant)
        : tenantKeys.bySubjectUpdated(tenant, subject);
  const key = (...place: readonly KeyPart[]): Uint8Array => Buffer.concat([list, encodeKey(...place)]);
  const bounds = order === "id" && prefix !== undefined ? textPrefix(list, prefix) : list;
  let from = bounds;
  let to = order === "updated" && idleSince !== undefined ? key(idleSince + 1) : afterPrefix(bounds);
  if (after !== undefined) {
    const edge = order === "id" ? key(after.session) : key(after.updatedAt, after.session);
    // A cursor of another list may stand outside of the bounds.
    if (direction === "backward") to = Buffer.compare(edge, to) < 0 ? edge : to;
    else from = Buffer.compare(edge, from) >= 0 ? afterKey(edge) : from;
  }
  return { from, to };
}

function placeOf(key: Uint8Array, order: "id" | "updated"): ListPosition {
  const parts = decodeKey(key);
  return { session: String(parts.at(-1)), updatedAt: order === "id" ? 0 : Number(parts.at(-2)) };
}
