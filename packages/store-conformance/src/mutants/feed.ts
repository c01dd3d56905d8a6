import { type ChangedUnit, type ChangeFeed, MemoryError, type SessionAddress } from "@relevo/core";
import type { Mutant } from "../harness.ts";
import { breakStore, type Overrides, type StoreParts } from "./break-store.ts";
import { sharedState, without } from "./log-mutant.ts";

function feedMutant(
  id: string,
  target: string,
  defect: string,
  replace: (feed: ChangeFeed, parts: StoreParts) => Overrides & { readonly feed: ChangeFeed["changes"] },
): Mutant {
  return {
    id,
    target,
    defect,
    mutate: (store, shared) =>
      breakStore(store, shared, (parts) => {
        const { feed, ...overrides } = replace(parts.feed, parts);
        return { ...overrides, feed: { changes: feed } };
      }),
  };
}

/** A mutant that answers other units than there are. */
function unitsMutant(
  id: string,
  target: string,
  defect: string,
  change: (units: readonly ChangedUnit[]) => readonly ChangedUnit[],
): Mutant {
  return feedMutant(id, target, defect, (feed) => ({
    feed: async (...call) => {
      const page = await feed.changes(...call);
      return { ...page, units: change(page.units) };
    },
  }));
}

/** Sessions whose next report is held back, for mutants that do not report one kind of write. */
function silenced(parts: StoreParts): Set<string> {
  return sharedState(parts, "silenced", () => new Set<string>());
}

function withoutSilenced(feed: ChangeFeed, parts: StoreParts): ChangeFeed["changes"] {
  return async (tenant, options) => {
    const page = await feed.changes(tenant, options);
    const names = silenced(parts);
    const units = page.units.filter((unit) => unit.kind !== "session" || !names.delete(unit.session));
    return { ...page, units };
  };
}

/** The stores that the cases of the change feed must catch. */
export const feedMutants: readonly Mutant[] = [
  unitsMutant(
    "owners-are-not-reported",
    "feed/every-write-is-reported",
    "documents that stand alone are not reported",
    (units) => units.filter(({ kind }) => kind === "session"),
  ),
  feedMutant(
    "touch-is-not-reported",
    "feed/every-write-is-reported",
    "new metadata of a session is not reported",
    (feed, parts) => ({
      feed: withoutSilenced(feed, parts),
      log: {
        touch: async (address, options) => {
          silenced(parts).add(address.session);
          return parts.log.touch(address, options);
        },
      },
    }),
  ),
  feedMutant(
    "session-documents-are-not-reported",
    "feed/every-write-is-reported",
    "a write of a session's document does not report the session",
    (feed, parts) => ({
      feed: withoutSilenced(feed, parts),
      documents: {
        put: async (address, ...rest) => {
          if (address.session !== undefined) silenced(parts).add(address.session);
          return parts.documents.put(address, ...rest);
        },
      },
    }),
  ),
  feedMutant(
    "reads-are-reported",
    "feed/every-write-is-reported",
    "a session that is read is reported as if it had been written",
    (feed, parts) => {
      const read = sharedState(parts, "read", () => new Set<SessionAddress>());
      return {
        feed: async (...call) => {
          const page = await feed.changes(...call);
          const units = [...read].map(({ session }): ChangedUnit => ({ kind: "session", session }));
          read.clear();
          return { ...page, units: [...page.units, ...units] };
        },
        log: {
          read: async (address, options) => {
            read.add(address);
            return parts.log.read(address, options);
          },
        },
      };
    },
  ),
  unitsMutant(
    "unit-stands-at-each-write",
    "feed/unit-stands-once-at-its-newest-write",
    "a unit is reported once for each of its writes",
    (units) => [...units, ...units],
  ),
  unitsMutant(
    "incarnation-is-not-told",
    "feed/unit-stands-once-at-its-newest-write",
    "sessions are reported without their incarnation",
    (units) => units.map((unit) => (unit.kind === "session" ? without(unit, "incarnation") : unit)),
  ),
  feedMutant(
    "feed-serves-one-consumer",
    "feed/consumers-have-their-own-cursors",
    "what one consumer has seen is not reported to the others",
    (feed, parts) => ({
      feed: async (tenant, options = {}) => {
        const cursor = parts.shared.get(`cursor of ${tenant}`);
        const page = await feed.changes(
          tenant,
          typeof cursor === "string" ? { ...without(options, "from"), cursor } : options,
        );
        parts.shared.set(`cursor of ${tenant}`, page.cursor);
        return page;
      },
    }),
  ),
  feedMutant(
    "cursor-runs-ahead",
    "feed/nothing-is-missed",
    "a cursor stands behind writes that were made after the page was read",
    (feed) => ({
      feed: async (tenant, options = {}) => {
        const page = await feed.changes(tenant, options);
        if (page.units.length === 0) return page;
        const { cursor } = await feed.changes(tenant, { from: "now" });
        return { ...page, cursor };
      },
    }),
  ),
  unitsMutant(
    "ended-units-vanish",
    "feed/what-ends-is-reported",
    "a session that has ended is not reported",
    (units) => units.filter((unit) => unit.kind === "owner" || unit.incarnation !== undefined),
  ),
  feedMutant(
    "imports-are-silent",
    "feed/imports-are-reported",
    "an import does not report its session",
    (feed, parts) => ({
      feed: withoutSilenced(feed, parts),
      log: {
        importEvents: async (address, ...rest) => {
          silenced(parts).add(address.session);
          return parts.log.importEvents(address, ...rest);
        },
      },
    }),
  ),
  feedMutant(
    "feed-cursor-carries-its-tenant",
    "feed/tenants-are-apart",
    "a cursor goes on in the tenant where it was taken",
    (feed, parts) => ({
      feed: async (tenant, options = {}) => {
        const taken = parts.shared.get(options.cursor ?? "");
        const page = await feed.changes(typeof taken === "string" ? taken : tenant, options);
        parts.shared.set(page.cursor, tenant);
        return page;
      },
    }),
  ),
  feedMutant(
    "bad-feed-cursor-starts-again",
    "feed/tenants-are-apart",
    "a cursor that cannot be read begins at the beginning",
    (feed) => ({
      feed: async (tenant, options = {}) => {
        try {
          return await feed.changes(tenant, options);
        } catch (error) {
          if (!MemoryError.isInstance(error, "invalid-input")) throw error;
          return feed.changes(tenant, without(options, "cursor", "from"));
        }
      },
    }),
  ),
];
