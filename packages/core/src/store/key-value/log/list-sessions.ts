import type { SessionHead } from "../../../ports/event-log.ts";
import type { Answer } from "../../answer.ts";
import type { DriverPage } from "../../driver.ts";
import type { AdmittedListSessions, ListPosition } from "../../list-calls.ts";
import type { DriverContext } from "../context.ts";
import { tenantKeys } from "../layout.ts";
import { afterKey, afterPrefix, decodeKey, textPrefix } from "../space/encode-key.ts";
import { timeOf } from "../space/failures.ts";
import { type KeyRecord, readRecords } from "../space/records.ts";
import { headOf, liveState } from "../unit/session-slot.ts";
import { slotOf } from "./log-snapshot.ts";

/** How many sessions one call looks at when filters leave most of them out. */
const lookBudget = 10_000;
const batchSize = 250;

/** Heads in the order of ids, from the unit records themselves or through the list of one subject. */
export async function listSessions(
  { space }: DriverContext,
  request: AdmittedListSessions,
): Promise<Answer<DriverPage<SessionHead, ListPosition>>> {
  const { tenant, subject, idleSince, prefix, limit } = request;
  const after = request.after?.session;
  const list = subject === undefined ? tenantKeys.sessions(tenant) : tenantKeys.bySubject(tenant, subject);
  const bounds = prefix === undefined ? list : textPrefix(list, prefix);
  const to = afterPrefix(bounds);
  let from = bounds;
  if (after !== undefined) {
    const behind =
      subject === undefined
        ? afterKey(tenantKeys.session(tenant, after))
        : afterKey(tenantKeys.bySubject(tenant, subject, after));
    // A cursor of another list may stand before the prefix.
    if (Buffer.compare(behind, from) > 0) from = behind;
  }
  const now = await timeOf(space);
  const items: SessionHead[] = [];
  let budget = lookBudget;
  let position: string | undefined;
  while (Buffer.compare(from, to) < 0) {
    const size = Math.min(limit - items.length + 1, batchSize);
    const { ranges } = await readRecords(space, [], [{ from, to, limit: size }], request);
    const found = ranges[0] ?? [];
    const ids = found.map(({ key }) => String(decodeKey(key).at(-1)));
    const slots: readonly (KeyRecord | undefined)[] =
      subject === undefined
        ? found
        : (
            await readRecords(
              space,
              ids.map((id) => tenantKeys.session(tenant, id)),
              [],
              request,
            )
          ).records;
    for (const [index, id] of ids.entries()) {
      if ((items.length === limit || budget-- === 0) && position !== undefined)
        return { ok: { items, next: { session: position, updatedAt: 0 } } };
      position = id;
      const state = liveState(slotOf(slots[index]), now);
      if (state === undefined || (subject !== undefined && state.subject !== subject)) continue;
      if (idleSince === undefined || state.updatedAt <= idleSince) items.push(headOf(id, state));
    }
    const last = found.at(-1);
    if (last === undefined || found.length < size) break;
    from = afterKey(last.key);
  }
  return { ok: { items } };
}
