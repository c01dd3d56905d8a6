import {
  type DocumentAddress,
  type DocumentInput,
  type DocumentWrite,
  type JsonValue,
  MemoryError,
} from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { documentMutant, findMutant, resultMutant } from "./document-mutant.ts";

/** The value with every part of it replaced by what `change` makes of it, from the leaves up. */
function mapJson(value: JsonValue, change: (part: JsonValue) => JsonValue): JsonValue {
  if (Array.isArray(value)) return change(value.map((item: JsonValue) => mapJson(item, change)));
  if (typeof value !== "object" || value === null) return change(value);
  return change(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapJson(item, change)])));
}

function valueMutant(
  name: string,
  target: string,
  defect: string,
  change: (part: JsonValue) => JsonValue,
): Mutant {
  return resultMutant(name, target, defect, (document) => ({
    ...document,
    value: mapJson(document.value, change),
  }));
}

/** A mutant whose put cuts down what is too large instead of refusing it. */
function cutMutant(
  name: string,
  target: string,
  defect: string,
  cut: (address: DocumentAddress, input: DocumentInput) => readonly [DocumentAddress, DocumentInput],
): Mutant {
  return documentMutant(name, target, defect, (documents) => ({
    async put(address, input, options) {
      try {
        return await documents.put(address, input, options);
      } catch (error) {
        if (!MemoryError.isInstance(error, "too-large")) throw error;
        return await documents.put(...cut(address, input), options);
      }
    },
  }));
}

/** Stores that change values on their way, or that give way at a limit. */
export const valueMutants: readonly Mutant[] = [
  valueMutant("numbers-lose-digits", "numbers-round-trip", "numbers keep fifteen digits", (part) =>
    typeof part === "number" ? Number(part.toPrecision(15)) : part,
  ),
  valueMutant(
    "large-numbers-become-text",
    "numbers-round-trip",
    "numbers beyond 2^53 come back as strings",
    (part) => (typeof part === "number" && Math.abs(part) > 2 ** 53 ? String(part) : part),
  ),
  valueMutant("minus-zero-comes-back", "numbers-round-trip", "0 comes back as -0", (part) =>
    part === 0 ? -0 : part,
  ),
  valueMutant(
    "strings-are-normalized",
    "strings-round-trip",
    "strings are brought into normal form C",
    (part) => (typeof part === "string" ? part.normalize("NFC") : part),
  ),
  valueMutant(
    "strings-are-trimmed",
    "strings-round-trip",
    "strings lose white space at their ends",
    (part) => (typeof part === "string" ? part.trim() : part),
  ),
  valueMutant(
    "byte-order-mark-is-dropped",
    "strings-round-trip",
    "strings lose a leading byte order mark",
    (part) => (typeof part === "string" && part.startsWith("\ufeff") ? part.slice(1) : part),
  ),
  valueMutant(
    "empty-arrays-become-objects",
    "shapes-round-trip",
    "an empty array comes back as an empty object",
    (part) => (Array.isArray(part) && part.length === 0 ? {} : part),
  ),
  valueMutant("nulls-are-dropped", "shapes-round-trip", "null in an array is dropped", (part) =>
    Array.isArray(part) ? part.filter((item) => item !== null) : part,
  ),
  valueMutant("empty-keys-are-dropped", "keys-round-trip", "an empty key is dropped", (part) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).filter(([key]) => key !== ""))
      : part,
  ),
  valueMutant(
    "member-names-are-dropped",
    "keys-round-trip",
    "keys named like a member of Object are dropped",
    (part) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).filter(([key]) => !(key in {})))
        : part,
  ),
  documentMutant(
    "undefined-becomes-null",
    "undefined-properties-are-absent",
    "a property that is undefined is stored as null",
    (documents) => ({
      async put(address, { value, ...input }, options) {
        const filled = JSON.parse(
          JSON.stringify(value, (_, item: unknown) => (item === undefined ? null : item)),
        );
        return await documents.put(address, { ...input, value: filled }, options);
      },
    }),
  ),
  cutMutant(
    "large-values-are-cut",
    "value-size-limit",
    "a string beyond the limit is cut",
    (address, input) => [
      address,
      { ...input, value: typeof input.value === "string" ? input.value.slice(0, -1) : null },
    ],
  ),
  cutMutant(
    "large-metadata-is-dropped",
    "metadata-size-limit",
    "metadata beyond the limit is dropped",
    (address, { value }) => [address, { value }],
  ),
  cutMutant(
    "tags-beyond-the-limit-are-dropped",
    "tag-limits",
    "tags beyond the limit are dropped",
    (address, input) => [address, { ...input, tags: input.tags?.slice(0, -1) ?? [] }],
  ),
  cutMutant(
    "deep-values-become-text",
    "depth-limit",
    "a value beyond the limit of depth is stored as text",
    (address, input) => [address, { ...input, value: JSON.stringify(input.value) }],
  ),
  documentMutant(
    "large-batches-are-split",
    "batch-limits",
    "a putMany beyond the limit is stored in parts",
    (documents, { store }) => ({
      async putMany(writes, options) {
        const { batchItems } = store.limits;
        const parts: (readonly DocumentWrite[])[] = [];
        for (let start = 0; start < writes.length; start += batchItems)
          parts.push(writes.slice(start, start + batchItems));
        const stored = [];
        for (const part of parts) stored.push(...(await documents.putMany(part, options)));
        return stored;
      },
    }),
  ),
  documentMutant(
    "get-many-is-capped",
    "batch-limits",
    "getMany looks at the first hundred addresses only",
    (documents) => ({
      getMany: async (addresses, options) => documents.getMany(addresses.slice(0, 100), options),
    }),
  ),
  cutMutant("long-keys-are-cut", "address-limits", "a key beyond the limit is cut", (address, input) => [
    { ...address, key: address.key.slice(0, 100), namespace: address.namespace.slice(0, 1) },
    input,
  ]),
  findMutant(
    "large-filters-are-cut",
    "filter-limit",
    "a filter beyond the limit loses its last part",
    (options) =>
      options.where !== undefined && "or" in options.where
        ? { ...options, where: { or: options.where.or.slice(0, 255) } }
        : options,
  ),
];
