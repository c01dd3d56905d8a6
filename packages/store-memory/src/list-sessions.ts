import type { SessionHead } from "@relevo/core";
import { type AdmittedListSessions, compareUtf8, type DriverPage } from "@relevo/core/store";
import { headOf, type Session } from "./session.ts";
import type { StoreState } from "./store-state.ts";

/** How many sessions one call looks at when filters leave most of them out. */
const lookBudget = 10_000;

/** Heads in the order of ids. Starts at the cursor's place in the order, whoever came or went since. */
export function listSessions(
  state: StoreState,
  request: AdmittedListSessions,
): DriverPage<SessionHead, string> {
  const { subject, idleSince, prefix, limit, after } = request;
  const now = state.now();
  const tenant = state.tenants.get(request.tenant);
  const ids = subject === undefined ? tenant?.order : tenant?.bySubject.get(subject);
  if (tenant === undefined || ids === undefined) return { items: [] };
  const items: SessionHead[] = [];
  const expired: Session[] = [];
  let position: string | undefined;
  let next: string | undefined;
  let budget = lookBudget;
  // A position of another list may stand before the prefix; whatever begins with it comes after it.
  const beyond = after !== undefined && (prefix === undefined || compareUtf8(after, prefix) >= 0);
  for (const id of beyond ? ids.ascending(after, false) : ids.ascending(prefix)) {
    if (prefix !== undefined && !id.startsWith(prefix)) break;
    if ((items.length === limit || budget-- === 0) && position !== undefined) {
      next = position;
      break;
    }
    position = id;
    const session = tenant.sessions.get(id);
    if (session === undefined) continue;
    if (session.expiresAt !== undefined && session.expiresAt <= now) expired.push(session);
    else if (idleSince === undefined || session.updatedAt <= idleSince) items.push(headOf(session));
  }
  for (const session of expired) state.endIfExpired(session, now);
  return { items, next };
}
