import { type Document, MemoryError } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import { without } from "../log-mutant.ts";
import { documentMutant, everyDocument, filterMutant, findMutant } from "./document-mutant.ts";

/** A mutant that returns everything selected at once, in an order of its own. */
function orderMutant(
  name: string,
  target: string,
  defect: string,
  compare: (left: Document, right: Document) => number,
): Mutant {
  return documentMutant(name, target, defect, (documents) => ({
    async find(scope, options = {}) {
      const items = (await everyDocument(documents, scope, without(options, "direction"))).sort(compare);
      return { items: options.direction === "backward" ? items.reverse() : items };
    },
  }));
}

function plainOrder(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/** Stores that break what find selects and in which order. */
export const findMutants: readonly Mutant[] = [
  orderMutant("find-orders-by-utf16", "find-orders-by-utf8", "find compares UTF-16 units", (left, right) => {
    for (let index = 0; index < Math.min(left.namespace.length, right.namespace.length); index++) {
      const order = plainOrder(left.namespace[index] ?? "", right.namespace[index] ?? "");
      if (order !== 0) return order;
    }
    return left.namespace.length - right.namespace.length || plainOrder(left.key, right.key);
  }),
  orderMutant(
    "find-orders-by-path",
    "find-orders-by-utf8",
    "find compares namespace and key joined by slashes",
    (left, right) =>
      compareUtf8([...left.namespace, left.key].join("/"), [...right.namespace, right.key].join("/")),
  ),
  orderMutant(
    "find-orders-by-time",
    "find-orders-by-utf8",
    "find returns documents as they were written",
    (left, right) => left.version - right.version,
  ),
  findMutant("backward-is-ignored", "find-orders-by-utf8", "find ignores the direction", (options) =>
    without(options, "direction"),
  ),
  findMutant(
    "namespace-is-a-prefix",
    "find-by-exact-namespace",
    "find takes namespace for a prefix",
    ({ namespace, ...options }) =>
      namespace === undefined ? options : { ...options, namespacePrefix: namespace },
  ),
  filterMutant(
    "prefix-by-joined-string",
    "find-by-namespace-prefix",
    "a namespace prefix is matched as the beginning of a joined string",
    "namespacePrefix",
    ({ namespace }, prefix) => namespace.join(".").startsWith(prefix.join(".")),
  ),
  filterMutant(
    "prefix-ignores-case",
    "find-by-namespace-prefix",
    "a namespace prefix is matched without regard to case",
    "namespacePrefix",
    ({ namespace }, prefix) =>
      prefix.every((element, index) => element.toLowerCase() === namespace[index]?.toLowerCase()),
  ),
  findMutant(
    "tags-any-means-all",
    "find-by-tags",
    "any and all of tags are swapped",
    ({ tags, ...options }) =>
      tags === undefined
        ? options
        : { ...options, tags: { ...(tags.all && { any: tags.all }), ...(tags.any && { all: tags.any }) } },
  ),
  filterMutant(
    "empty-any-selects-nothing",
    "find-by-tags",
    "an empty list of tags selects nothing",
    "tags",
    ({ tags }, { any, all = [] }) =>
      all.every((tag) => tags.includes(tag)) && (any?.some((tag) => tags.includes(tag)) ?? true),
  ),
  filterMutant(
    "tags-by-part",
    "find-by-tags",
    "a tag is matched by a part of it, whatever its case",
    "tags",
    ({ tags }, { any = [], all = [] }) => {
      const has = (wanted: string): boolean => tags.some((tag) => tag.toLowerCase().includes(wanted));
      return all.every(has) && (any.length === 0 || any.some(has));
    },
  ),
  filterMutant(
    "updated-since-is-exclusive",
    "find-updated-since",
    "updatedSince leaves out what was written at that time",
    "updatedSince",
    ({ updatedAt }, since) => updatedAt > since,
  ),
  filterMutant(
    "updated-since-is-creation",
    "find-updated-since",
    "updatedSince looks at the time of creation",
    "updatedSince",
    ({ createdAt }, since) => createdAt >= since,
  ),
  filterMutant(
    "key-after-includes",
    "find-by-key-range",
    "keyAfter includes the key itself",
    "keyAfter",
    ({ key }, after) => compareUtf8(key, after) >= 0,
  ),
  filterMutant(
    "key-before-by-utf16",
    "find-by-key-range",
    "keyBefore compares UTF-16 units",
    "keyBefore",
    ({ key }, before) => key < before,
  ),
  findMutant(
    "text-replaces-where",
    "find-filters-combine",
    "where is ignored when there is a text or a tag",
    (options) => (options.text === undefined ? options : without(options, "where", "tags")),
  ),
  findMutant(
    "key-range-drops-prefix",
    "find-filters-combine",
    "the namespace prefix is ignored when there is a key range",
    (options) => (options.keyAfter === undefined ? options : without(options, "namespacePrefix", "tags")),
  ),
  findMutant(
    "one-more-than-the-limit",
    "page-limits",
    "a page holds one document more than the limit",
    (options) =>
      options.limit === undefined || options.limit > 999 ? options : { ...options, limit: options.limit + 1 },
  ),
  documentMutant(
    "first-page-is-all",
    "page-limits",
    "namespaces forgets the cursor of a page that is not the last",
    (documents) => ({
      namespaces: async (...call) => ({ items: (await documents.namespaces(...call)).items }),
    }),
  ),
  documentMutant(
    "bad-options-are-dropped",
    "bad-find-options-are-refused",
    "find drops options that it cannot take",
    (documents) => ({
      async find(scope, options = {}) {
        try {
          return await documents.find(scope, options);
        } catch (error) {
          if (!MemoryError.isInstance(error, "invalid-input")) throw error;
          return await documents.find(scope);
        }
      },
    }),
  ),
];
