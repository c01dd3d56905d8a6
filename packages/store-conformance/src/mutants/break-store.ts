import type { ChangeFeed, Leases, Maintenance, SearchIndex, Store } from "@relevo/core";
import type { FullDocuments, FullLog } from "../capabilities.ts";

/** The ports of a store as a mutant sees them. What the store lacks is not there at run time either. */
export interface StoreParts {
  readonly store: Store;
  readonly log: FullLog;
  readonly documents: FullDocuments;
  readonly leases: Leases;
  readonly feed: ChangeFeed;
  readonly maintenance: Maintenance;
  readonly search: SearchIndex;
  /** The same object for both handles of one fixture. */
  readonly shared: Map<string, unknown>;
}

/** What a mutant puts in place of single methods. */
export interface Overrides {
  readonly store?: Partial<Store>;
  readonly log?: Partial<FullLog>;
  readonly documents?: Partial<FullDocuments>;
  readonly leases?: Partial<Leases>;
  readonly feed?: Partial<ChangeFeed>;
  readonly maintenance?: Partial<Maintenance>;
  readonly search?: Partial<SearchIndex>;
}

/** A store whose ports have some methods replaced; everything else is the original's. */
export function breakStore(
  store: Store,
  shared: Map<string, unknown>,
  replace: (parts: StoreParts) => Overrides,
): Store {
  // A mutant runs only where its case's capabilities are, so what it touches is there.
  const { log, documents, leases, feed, maintenance, search } = store as Store &
    Omit<StoreParts, "store" | "shared">;
  const overrides = replace({ store, log, documents, leases, feed, maintenance, search, shared });
  return overriding(store, {
    ...overrides.store,
    ...(overrides.log && { log: overriding(log, overrides.log) }),
    ...(overrides.documents && { documents: overriding(documents, overrides.documents) }),
    ...(overrides.leases && { leases: overriding(leases, overrides.leases) }),
    ...(overrides.feed && { feed: overriding(feed, overrides.feed) }),
    ...(overrides.maintenance && { maintenance: overriding(maintenance, overrides.maintenance) }),
    ...(overrides.search && { search: overriding(search, overrides.search) }),
  });
}

/** `target` with some members replaced. Works on frozen objects and on classes with private fields. */
export function overriding<Target extends object>(target: Target, members: Partial<Target>): Target {
  // The proxy stands over an empty object: over a frozen one it would have to return the original members.
  return new Proxy({} as Target, {
    get(_, property) {
      if (Object.hasOwn(members, property)) return Reflect.get(members, property);
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      // Without `bind`: the V8 of Node.js 24 does not take a bound function for one that `using` may call.
      return (...args: readonly unknown[]): unknown => Reflect.apply(value, target, args);
    },
    has: (_, property) => property in target || property in members,
  });
}
