import type { EventLog } from "@relevo/core";
import { breakStore, type Mutant } from "@relevo/store-conformance";

/** Mistakes that this store made or could make: of pooled connections, of patterns, of collations, of its clients. */
export const ownMutants: readonly Mutant[] = [
  {
    id: "postgres-tenant-of-the-connection",
    target: "log/tenants-are-isolated",
    defect:
      "a connection that goes back to the pool keeps the tenant that was set on it, and a read believes it",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ log }) => ({
        log: {
          async append(address, events, options) {
            const result = await log.append(address, events, options);
            shared.set("tenant", address.tenant);
            return result;
          },
          read: ({ session }, options) =>
            log.read({ tenant: String(shared.get("tenant") ?? "nobody"), session }, options),
        },
      })),
  },
  {
    id: "postgres-prefix-as-pattern",
    target: "log/list-filters",
    defect: "list matches a prefix with LIKE, so that _ and % in it stand for other characters",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ log }) => ({
        log: {
          async list(tenant, options = {}) {
            const { prefix, ...rest } = options;
            if (prefix === undefined) return log.list(tenant, options);
            const pattern = new RegExp(`^${like(prefix)}`, "u");
            const page = await log.list(tenant, rest);
            return { ...page, items: page.items.filter(({ session }) => pattern.test(session)) };
          },
        },
      })),
  },
  {
    id: "postgres-locale-order",
    target: "log/list-is-ordered",
    defect: "session ids are sorted by the database's locale instead of by bytes",
    mutate: (store, shared) => breakStore(store, shared, ({ log }) => ({ log: { list: localeOrder(log) } })),
  },
  {
    id: "postgres-byte-order-mark",
    target: "hostile/twin-sessions",
    defect: "the client takes a byte order mark off the begin of an id that it reads",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ log }) => ({
        log: {
          async list(tenant, options) {
            const page = await log.list(tenant, options);
            return {
              ...page,
              items: page.items.map((head) => ({ ...head, session: head.session.replace(/^\uFEFF/u, "") })),
            };
          },
        },
      })),
  },
  {
    id: "postgres-search-prefix-of-places",
    target: "search/selectors-name-streams",
    defect: "the place of a session is taken for a prefix, so that sessions whose ids begin alike go with it",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ search }) => ({
        search: {
          async remove(tenant, selector, options) {
            const removed = await search.remove(tenant, selector, options);
            if (!("session" in selector)) return removed;
            return removed + (await search.remove(tenant, { session: `${selector.session}2` }, options));
          },
        },
      })),
  },
  {
    id: "postgres-search-agents-among-speakers",
    target: "search/filters-hold-together",
    defect: "agents of a filter are looked up among those who have spoken",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ search }) => ({
        search: {
          read(tenant, request, score, options) {
            const { filter } = request;
            const none =
              filter?.agents === undefined ? request : { ...request, filter: { ...filter, agents: [] } };
            return search.read(tenant, none, score, options);
          },
        },
      })),
  },
  {
    id: "postgres-search-languages-only-grow",
    target: "search/state-tells-what-a-tenant-has",
    defect: "the count of languages beside the rows forgets to go down with a removal",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ search }) => ({
        search: {
          async state(tenant, options) {
            const state = await search.state(tenant, options);
            const known = shared.get("languages") as typeof state.languages | undefined;
            const languages = { ...known, ...state.languages };
            shared.set("languages", languages);
            return { ...state, languages };
          },
        },
      })),
  },
];

function like(prefix: string): string {
  const literal = prefix.replaceAll(/[\\^$.*+?()[\]{}|/-]/gu, String.raw`\$&`);
  return literal.replaceAll("%", ".*").replaceAll("_", ".");
}

function localeOrder(log: EventLog): EventLog["list"] {
  const collator = new Intl.Collator("en");
  return async (tenant, options) => {
    const page = await log.list(tenant, options);
    return { ...page, items: page.items.toSorted((a, b) => collator.compare(a.session, b.session)) };
  };
}
