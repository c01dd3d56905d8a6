import { type EventLog, type FindOptions, type JsonValue, MemoryError } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { without } from "../log-mutant.ts";
import { everyDocument, storeMutant } from "./document-mutant.ts";
import { mendMutant, walk } from "./mend-mutant.ts";

/** A mutant that folds the ids under one name of an address into fewer. */
function foldMutant(
  name: string,
  target: string,
  defect: string,
  key: string,
  fold: (id: string) => string,
): Mutant {
  return mendMutant(name, target, defect, (part, at) =>
    at === key && typeof part === "string" ? fold(part) : part,
  );
}

function listMutant(
  name: string,
  target: string,
  defect: string,
  matches: (id: string, prefix: string) => boolean,
): Mutant {
  return storeMutant(`hostile/${name}`, `hostile/${target}`, defect, ({ log }) => ({
    log: {
      async list(tenant, options = {}): ReturnType<EventLog["list"]> {
        const { prefix } = options;
        const page = await log.list(tenant, { ...without(options, "prefix"), limit: 1000 });
        return prefix === undefined
          ? page
          : { items: page.items.filter(({ session }) => matches(session, prefix)) };
      },
    },
  }));
}

function tagMutant(name: string, defect: string, fold: (tag: string) => string): Mutant {
  return mendMutant(name, "twin-tags", defect, (part, key) =>
    typeof part === "string" && (key === "tags" || key === "any" || key === "all") ? fold(part) : part,
  );
}

/** A mutant whose find drops its filters when a string in them is a certain piece of code. */
function injectionMutant(name: string, defect: string, isCode: (text: string) => boolean): Mutant {
  const holdsCode = (options: FindOptions): boolean => {
    let found = false;
    walk(options, (part) => {
      if (typeof part === "string" && isCode(part)) found = true;
      return part;
    });
    return found;
  };
  return storeMutant(`hostile/${name}`, "hostile/filters-stay-data", defect, ({ documents }) => ({
    documents: {
      find: async (scope, options = {}) =>
        holdsCode(options)
          ? { items: await everyDocument(documents, scope) }
          : documents.find(scope, options),
    },
  }));
}

/** A mutant that changes the strings of a value and their keys when it is stored. */
function storedTextMutant(name: string, defect: string, change: (text: string) => string): Mutant {
  const changed = (value: JsonValue): JsonValue =>
    walk(value, (part) => (typeof part === "string" ? change(part) : part)) as JsonValue;
  return storeMutant(`hostile/${name}`, "hostile/payloads-come-back", defect, ({ documents }) => ({
    documents: {
      put: async (address, input, options) =>
        documents.put(address, { ...input, value: changed(input.value) }, options),
    },
  }));
}

/** Stores that take ids which look alike for each other, or filters for code. */
export const lookalikeMutants: readonly Mutant[] = [
  foldMutant(
    "tenants-are-trimmed",
    "twin-tenants",
    "white space at the ends of a tenant's id is dropped",
    "tenant",
    (id) => id.trim(),
  ),
  foldMutant(
    "tenants-are-normalized",
    "twin-tenants",
    "tenants are brought into normal form C",
    "tenant",
    (id) => id.normalize("NFC"),
  ),
  foldMutant(
    "tenants-lose-colons",
    "twin-tenants",
    "a colon in a tenant's id is taken for a separator and doubled ones for one",
    "tenant",
    (id) => id.replaceAll("::", ":"),
  ),
  foldMutant(
    "sessions-ignore-case",
    "twin-sessions",
    "sessions are told apart without regard to case",
    "session",
    (id) => id.toLowerCase(),
  ),
  foldMutant(
    "sessions-share-a-hash-tag",
    "twin-sessions",
    "what stands in braces is the whole of a session's id",
    "session",
    (id) => /\{(.+)\}/.exec(id)?.[1] ?? id,
  ),
  listMutant(
    "list-prefix-is-like",
    "twin-sessions",
    "% and _ in the prefix of list are wildcards",
    (id, prefix) =>
      id.startsWith(prefix) ||
      (prefix.includes("%") && id.startsWith(prefix.split("%")[0] ?? "")) ||
      prefix === "_",
  ),
  mendMutant(
    "namespaces-are-joined",
    "twin-keys-and-namespaces",
    "a namespace is kept as one joined string",
    (part, key) => (key === "namespace" && Array.isArray(part) ? [part.join("/")] : part),
  ),
  mendMutant(
    "namespace-stars-are-wildcards",
    "twin-keys-and-namespaces",
    "an element * of a namespace prefix stands for any",
    (part, key) => (key === "namespacePrefix" && Array.isArray(part) && part[0] === "*" ? [] : part),
  ),
  foldMutant(
    "keys-are-normalized",
    "twin-keys-and-namespaces",
    "keys are brought into normal form C",
    "key",
    (id) => id.normalize("NFC"),
  ),
  tagMutant("tags-ignore-case", "tags are told apart without regard to case", (tag) => tag.toLowerCase()),
  tagMutant("tags-are-trimmed", "white space at the ends of a tag is dropped", (tag) => tag.trim() || tag),
  injectionMutant("a-quote-ends-the-filter", "what follows a quote in a filter is code", (text) =>
    text.includes("' or "),
  ),
  injectionMutant("a-star-matches-all", "a filter with a star matches everything", (text) => text === "*"),
  listMutant(
    "list-prefix-is-a-glob",
    "filters-stay-data",
    "a star in the prefix of list is a wildcard",
    (id, prefix) => id.startsWith(prefix) || prefix === "*",
  ),
  storedTextMutant(
    "backslashes-are-lost",
    "a backslash is taken for an escape when a document is stored",
    (text) => text.replaceAll("\\", ""),
  ),
  storedTextMutant("quotes-are-doubled", "quotes come back doubled", (text) => text.replaceAll("'", "''")),
  storeMutant(
    "hostile/unknown-operators-are-skipped",
    "hostile/unknown-operators",
    "a filter that is not understood selects everything",
    ({ documents }) => ({
      documents: {
        async find(scope, options = {}) {
          try {
            return await documents.find(scope, options);
          } catch (error) {
            if (!MemoryError.isInstance(error, "invalid-input")) throw error;
            return await documents.find(scope, without(options, "where"));
          }
        },
      },
    }),
  ),
];
