import type { SessionHead } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import { type AdmittedListSessions, type DriverPage, type ListPosition, prefixEnd } from "@relevo/core/store";
import { headOf, type Session } from "./session.ts";
import type { StoreState } from "./store-state.ts";
import type { Tenant } from "./tenant.ts";

/** How many sessions one call looks at when filters leave most of them out. */
const lookBudget = 10_000;

/** Heads in the order asked. Starts at the cursor's place in the order, whoever came or went since. */
export function listSessions(
  state: StoreState,
  request: AdmittedListSessions,
): DriverPage<SessionHead, ListPosition> {
  const { order, prefix = "", limit, idleSince = Number.POSITIVE_INFINITY } = request;
  const now = state.now();
  const tenant = state.tenants.get(request.tenant);
  if (tenant === undefined) return { items: [] };
  const items: SessionHead[] = [];
  const expired: Session[] = [];
  let position: ListPosition | undefined;
  let next: ListPosition | undefined;
  let budget = lookBudget;
  for (const session of order === "id" ? walkIds(tenant, request) : walkUpdates(tenant, request)) {
    if ((items.length === limit || budget-- === 0) && position !== undefined) {
      next = position;
      break;
    }
    position = { session: session.id, updatedAt: order === "id" ? 0 : session.updatedAt };
    if (session.expiresAt !== undefined && session.expiresAt <= now) expired.push(session);
    else if (session.updatedAt <= idleSince && session.id.startsWith(prefix)) items.push(headOf(session));
  }
  for (const session of expired) state.endIfExpired(session, now);
  return { items, next };
}

/** Sessions in the order of ids, within the prefix. */
function* walkIds(tenant: Tenant, request: AdmittedListSessions): Generator<Session, void, void> {
  const { subject, prefix, direction, after } = request;
  const ids = subject === undefined ? tenant.order : tenant.bySubject.get(subject);
  if (ids === undefined) return;
  const backward = direction === "backward";
  const edge = prefix === undefined ? undefined : backward ? prefixEnd(prefix) : prefix;
  // A position of another list may stand outside of the prefix.
  const isWithin =
    after !== undefined &&
    (edge === undefined || compareUtf8(after.session, edge) * (backward ? -1 : 1) >= 0);
  const from = isWithin ? after.session : edge;
  const walk = backward ? ids.descending(from, false) : ids.ascending(from, !isWithin);
  for (const id of walk) {
    if (prefix !== undefined && !id.startsWith(prefix)) return;
    const session = tenant.sessions.get(id);
    if (session !== undefined) yield session;
  }
}

/** Sessions in the order of their last writes, up to the time that is asked for. */
function* walkUpdates(tenant: Tenant, request: AdmittedListSessions): Generator<Session, void, void> {
  const { subject, direction, after, idleSince } = request;
  const backward = direction === "backward";
  const position = after && { updatedAt: after.updatedAt, id: after.session };
  const newest = idleSince === undefined ? undefined : { updatedAt: idleSince + 1, id: "" };
  const beyond = position !== undefined && newest !== undefined && position.updatedAt > newest.updatedAt;
  const from = backward && (position === undefined || beyond) ? newest : position;
  for (const { id } of tenant.updateOrder.walk(subject, backward, from)) {
    const session = tenant.sessions.get(id);
    if (session === undefined) continue;
    if (!backward && idleSince !== undefined && session.updatedAt > idleSince) return;
    yield session;
  }
}
