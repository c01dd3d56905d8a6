import { type DocumentScope, type DocumentStore, MemoryError, type NamespacesOptions } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import { decodeCursor, encodeCursor } from "@relevo/core/store";
import type { Mutant } from "../../harness.ts";
import { sharedState, without } from "../log-mutant.ts";
import { documentMutant, everyDocument } from "./document-mutant.ts";

/** The namespaces of every document of a scope, once each. */
async function namespacesOf(documents: DocumentStore, scope: DocumentScope): Promise<(readonly string[])[]> {
  const found = new Map<string, readonly string[]>();
  for (const { namespace } of await everyDocument(documents, scope))
    found.set(JSON.stringify(namespace), namespace);
  return [...found.values()];
}

/** A mutant that lists namespaces in one page by its own rule. */
function namespaceMutant(
  name: string,
  target: string,
  defect: string,
  list: (all: (readonly string[])[], options: NamespacesOptions) => readonly (readonly string[])[],
): Mutant {
  return documentMutant(name, target, defect, (documents) => ({
    namespaces: async (scope, options = {}) => ({
      items: list(await namespacesOf(documents, scope), options),
    }),
  }));
}

function matches(namespace: readonly string[], pattern: readonly string[] = [], offset = 0): boolean {
  return offset >= 0 && pattern.every((one, index) => one === "*" || one === namespace[index + offset]);
}

/** Stores that break cursors and the listing of namespaces. */
export const listingMutants: readonly Mutant[] = [
  documentMutant(
    "pages-by-offset",
    "pages-hold-among-writes",
    "a cursor is the number of documents seen",
    (documents) => ({
      async find(scope, { cursor, limit = 100, ...options } = {}) {
        const all = await everyDocument(documents, scope, options);
        const start = cursor === undefined ? 0 : Number(decodeCursor("offset", cursor, 1)[0]);
        const items = all.slice(start, start + limit);
        const end = start + items.length;
        return end < all.length ? { items, cursor: encodeCursor("offset", [end]) } : { items };
      },
    }),
  ),
  documentMutant(
    "backward-cursor-repeats",
    "pages-hold-among-writes",
    "the pages of a backward find overlap by one",
    (documents) => ({
      async find(scope, options = {}) {
        const page = await documents.find(scope, options);
        const [first, second] = [page.items.at(-1), page.items.at(-2)];
        if (options.direction !== "backward" || page.cursor === undefined || !first || !second) return page;
        return { items: page.items, cursor: encodeCursor("documents", [second.namespace, second.key]) };
      },
    }),
  ),
  documentMutant(
    "empty-page-is-the-end",
    "filtered-pages-come-to-an-end",
    "find filters a page after reading it, and an empty one has no cursor",
    (documents) => ({
      async find(scope, { tags, ...options } = {}) {
        const page = await documents.find(scope, options);
        const items = page.items.filter(
          (document) => tags?.any?.some((tag) => document.tags.includes(tag)) ?? true,
        );
        return items.length === 0 ? { items } : { ...page, items };
      },
    }),
  ),
  documentMutant(
    "bad-cursor-starts-over",
    "foreign-cursors-are-refused",
    "a cursor that cannot be read starts from the beginning",
    (documents) => ({
      async find(scope, options = {}) {
        try {
          return await documents.find(scope, options);
        } catch (error) {
          if (!MemoryError.isInstance(error, "invalid-input")) throw error;
          return await documents.find(scope, without(options, "cursor"));
        }
      },
    }),
  ),
  documentMutant(
    "cursor-carries-the-scope",
    "cursors-grant-nothing",
    "a cursor leads into the scope in which it was taken",
    (documents) => ({
      async find(scope, { cursor, ...options } = {}) {
        const [origin, inner] = cursor === undefined ? [scope, undefined] : decodeCursor("scoped", cursor, 2);
        const from = origin as unknown as DocumentScope;
        const page = await documents.find(
          from,
          typeof inner === "string" ? { ...options, cursor: inner } : options,
        );
        if (page.cursor === undefined) return page;
        return { ...page, cursor: encodeCursor("scoped", [{ ...from }, page.cursor]) };
      },
    }),
  ),
  namespaceMutant(
    "namespaces-by-joined-string",
    "namespaces-in-order",
    "namespaces are ordered as joined strings",
    (all) => all.sort((left, right) => compareUtf8(left.join("/"), right.join("/"))),
  ),
  documentMutant(
    "namespace-pages-repeat",
    "namespaces-in-order",
    "each page of namespaces begins with the last of the page before",
    (documents, parts) => {
      const last = sharedState(parts, "last", () => new Map<string, readonly string[]>());
      return {
        async namespaces(scope, options = {}) {
          const page = await documents.namespaces(scope, options);
          const before = options.cursor === undefined ? undefined : last.get(options.cursor);
          const end = page.items.at(-1);
          if (page.cursor !== undefined && end !== undefined) last.set(page.cursor, end);
          return before === undefined ? page : { ...page, items: [before, ...page.items] };
        },
      };
    },
  ),
  namespaceMutant(
    "namespace-prefix-by-string",
    "namespaces-by-prefix-and-suffix",
    "prefix and suffix are matched as parts of a joined string",
    (all, { prefix = [], suffix = [] }) =>
      all.filter((namespace) => {
        const joined = namespace.join("/");
        return joined.startsWith(prefix.join("/")) && joined.endsWith(suffix.join("/"));
      }),
  ),
  documentMutant(
    "star-is-an-element",
    "namespaces-by-prefix-and-suffix",
    "* stands for itself only",
    (documents) => ({
      namespaces: async (scope, options = {}) => ({
        items: (await namespacesOf(documents, scope)).filter((namespace) =>
          (options.prefix ?? []).every((one, index) => one === namespace[index]),
        ),
      }),
    }),
  ),
  namespaceMutant(
    "depth-repeats",
    "namespaces-cut-to-a-depth",
    "cut namespaces are listed once for each whole one",
    (all, { maxDepth, prefix }) =>
      all.filter((namespace) => matches(namespace, prefix)).map((namespace) => namespace.slice(0, maxDepth)),
  ),
  namespaceMutant(
    "depth-before-match",
    "namespaces-cut-to-a-depth",
    "namespaces are cut before the suffix is matched",
    (all, { maxDepth, prefix, suffix = [] }) => {
      const cut = all.map((namespace) => namespace.slice(0, maxDepth));
      const once = [...new Map(cut.map((namespace) => [JSON.stringify(namespace), namespace])).values()];
      return once.filter(
        (namespace) =>
          matches(namespace, prefix) && matches(namespace, suffix, namespace.length - suffix.length),
      );
    },
  ),
  documentMutant(
    "emptied-namespaces-stay",
    "namespaces-hold-documents",
    "a namespace is listed for ever",
    (documents, parts) => {
      const seen = sharedState(parts, "seen", () => new Map<string, readonly string[]>());
      return {
        async put(address, ...rest) {
          if (address.session === undefined) seen.set(JSON.stringify(address.namespace), address.namespace);
          return await documents.put(address, ...rest);
        },
        async namespaces(scope, options) {
          if (scope.session !== undefined) return await documents.namespaces(scope, options);
          return { items: [...seen.values()].sort((left, right) => compareUtf8(left.join(), right.join())) };
        },
      };
    },
  ),
];
