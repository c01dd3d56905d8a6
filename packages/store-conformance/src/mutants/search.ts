import type { SearchChange, SearchIndex, SearchReading, SearchRequest } from "@relevo/core";
import type { Mutant } from "../harness.ts";
import { breakStore } from "./break-store.ts";

function searchMutant(
  id: string,
  target: string,
  defect: string,
  replace: (search: SearchIndex) => Partial<SearchIndex>,
): Mutant {
  return {
    id,
    target: `search/${target}`,
    defect,
    mutate: (store, shared) => breakStore(store, shared, ({ search }) => ({ search: replace(search) })),
  };
}

/** A mutant whose writes are others than those it was given. */
function writeMutant(
  id: string,
  target: string,
  defect: string,
  change: (given: SearchChange) => SearchChange,
): Mutant {
  return searchMutant(id, target, defect, (search) => ({
    write: (tenant, given, options) => search.write(tenant, change(given), options),
  }));
}

/** A mutant whose readings say something else. */
function readMutant(
  id: string,
  target: string,
  defect: string,
  change: (reading: SearchReading, request: SearchRequest) => Partial<SearchReading>,
): Mutant {
  return searchMutant(id, target, defect, (search) => ({
    read: (tenant, request, score, options) =>
      search.read(tenant, request, (reading) => score({ ...reading, ...change(reading, request) }), options),
  }));
}

function requestMutant(
  id: string,
  target: string,
  defect: string,
  change: (request: SearchRequest) => SearchRequest,
): Mutant {
  return searchMutant(id, target, defect, (search) => ({
    read: (tenant, request, score, options) => search.read(tenant, change(request), score, options),
  }));
}

function without<Fields extends object, Name extends keyof Fields>(
  fields: Fields,
  name: Name,
): Omit<Fields, Name> {
  const { [name]: _, ...rest } = fields;
  return rest;
}

/** The indexes that the cases of search must catch. */
export const searchMutants: readonly Mutant[] = [
  writeMutant(
    "search-mixes-zones",
    "reading-says-what-was-written",
    "words of questions count as words of statements",
    (change) => ({
      ...change,
      items: change.items.map((item) => ({
        ...item,
        terms: item.terms.map(([term, statements, questions]) => [term, statements + questions, 0] as const),
      })),
    }),
  ),
  readMutant(
    "search-forgets-neighbours",
    "reading-says-what-was-written",
    "no item has a next one",
    ({ next }) => ({ next: next.map(() => -1) }),
  ),
  writeMutant("search-ignores-keep", "ranges-are-replaced", "what a change keeps goes too", (change) =>
    without(change, "keep"),
  ),
  writeMutant(
    "search-only-adds",
    "ranges-are-replaced",
    "a change with bounds keeps everything",
    (change) => ({
      ...change,
      keep: Array.from({ length: 50 }, (_, n) => n).filter(
        (n) => !change.items.some(({ position }) => Math.floor(position) === n),
      ),
    }),
  ),
  writeMutant(
    "search-takes-older-states",
    "older-state-is-not-applied",
    "revisions are not compared",
    (change) => ({
      ...change,
      revision: 1_000_000,
    }),
  ),
  searchMutant(
    "search-says-applied",
    "older-state-is-not-applied",
    "every change is said to be applied",
    (search) => ({
      write: async (...call) => {
        await search.write(...call);
        return true;
      },
    }),
  ),
  searchMutant(
    "search-hides-removed",
    "removed-words-are-nowhere",
    "a removed session keeps its words",
    (search) => ({
      remove: async (tenant, selector, options) =>
        "session" in selector ? 1 : await search.remove(tenant, selector, options),
    }),
  ),
  searchMutant("search-knows-removed-words", "removed-words-are-nowhere", "words are known for ever", () => ({
    lookup: async (_, groups) => groups.map(() => undefined),
  })),
  searchMutant(
    "search-matches-names-as-text",
    "selectors-name-streams",
    "a namespace is the prefix of a text",
    (search) => ({
      remove: async (tenant, selector, options) => {
        const removed = await search.remove(tenant, selector, options);
        if (!("namespacePrefix" in selector) || selector.key !== undefined) return removed;
        return removed + (await search.remove(tenant, { namespacePrefix: ["ab"] }, options));
      },
    }),
  ),
  searchMutant(
    "search-lists-one-page",
    "streams-come-in-pages",
    "a list ends with its first page",
    (search) => ({
      streams: async (...call) => ({ items: (await search.streams(...call)).items }),
    }),
  ),
  writeMutant(
    "search-forgets-progress",
    "streams-come-in-pages",
    "each change clears the progress",
    (change) => ({
      progress: null,
      ...change,
    }),
  ),
  searchMutant(
    "search-forgets-languages",
    "state-tells-what-a-tenant-has",
    "languages are not counted",
    (search) => ({
      state: async (...call) => ({ ...(await search.state(...call)), languages: {} }),
    }),
  ),
  searchMutant(
    "search-keeps-its-mark",
    "state-tells-what-a-tenant-has",
    "a mark outlives the index",
    (search) => ({
      remove: async (tenant, selector, options) => {
        const { mark } = await search.state(tenant);
        const removed = await search.remove(tenant, selector, options);
        if (mark !== undefined) await search.mark(tenant, mark);
        return removed;
      },
    }),
  ),
  searchMutant(
    "search-finds-no-typing-errors",
    "lookup-finds-similar-terms",
    "only terms that begin alike are found",
    (search) => ({
      lookup: async (tenant, groups, options) =>
        (await search.lookup(tenant, groups, options)).map((found, group) =>
          found?.filter((term) => groups[group]?.some((word) => word.slice(0, 5) === term.slice(0, 5))),
        ),
    }),
  ),
  requestMutant("search-ignores-the-filter", "filters-hold-together", "everything is allowed", (request) =>
    without(request, "filter"),
  ),
  requestMutant(
    "search-ignores-where",
    "filters-hold-together",
    "conditions on metadata do not count",
    (request) =>
      request.filter === undefined ? request : { ...request, filter: without(request.filter, "where") },
  ),
  readMutant(
    "search-multiplies-vectors",
    "nearest-are-exact",
    "cosines are not divided by lengths",
    ({ nearest }) => ({
      nearest: nearest && { items: nearest.items, cosines: nearest.cosines.map((cosine) => cosine * 2) },
    }),
  ),
  requestMutant("search-finds-one-nearest", "nearest-are-exact", "only one item is near", (request) =>
    request.vector === undefined ? request : { ...request, nearest: 1 },
  ),
  requestMutant(
    "search-excludes-ends",
    "times-name-items",
    "the ends of an interval do not belong to it",
    (request) => ({
      ...request,
      ...(request.times && {
        times: request.times.map((time, index) =>
          index % 2 === 0 ? time + 0.5 : Math.max(time - 0.5, (request.times?.[index - 1] ?? 0) + 0.5),
        ),
      }),
    }),
  ),
  searchMutant("search-shares-words", "tenants-are-apart", "all tenants share one index", (search) => {
    const one = (tenant: string): string => tenant.replace(/-2$/, "");
    return {
      lookup: (tenant, ...call) => search.lookup(one(tenant), ...call),
      state: (tenant, ...call) => search.state(one(tenant), ...call),
    };
  }),
  searchMutant(
    "search-keeps-references",
    "input-is-copied",
    "the progress of a stream is the caller's object",
    (search) => {
      const progress = new Map<string, SearchChange["progress"]>();
      return {
        write: (tenant, change, options) => {
          if (change.stream.session !== undefined) progress.set(change.stream.session, change.progress);
          return search.write(tenant, change, options);
        },
        streams: async (...call) => {
          const page = await search.streams(...call);
          const kept = (session: string | undefined): object =>
            session !== undefined && progress.get(session) !== undefined
              ? { progress: progress.get(session) }
              : {};
          return { ...page, items: page.items.map((state) => ({ ...state, ...kept(state.stream.session) })) };
        },
      };
    },
  ),
  searchMutant(
    "search-writes-half",
    "refused-changes-change-nothing",
    "the first item of a refused change is applied",
    (search) => ({
      write: async (tenant, change, options) => {
        try {
          return await search.write(tenant, change, options);
        } catch (error) {
          const [first] = change.items;
          if (first !== undefined)
            await search.write(tenant, { ...change, items: [first], keep: [1] }, options).catch(() => false);
          throw error;
        }
      },
    }),
  ),
  readMutant(
    "search-shifts-lengths",
    "model",
    "the length of a stream counts items",
    ({ streamLengths }) => ({
      streamLengths: streamLengths.map((length) => Math.min(length, 3)),
    }),
  ),
];
