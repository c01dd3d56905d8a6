import type { Document } from "@relevo/core";
import { defaultLimits } from "@relevo/core";
import {
  admitId,
  admitOptions,
  type FieldTable,
  fieldTable,
  maxPageSize,
  readArray,
} from "@relevo/core/input";
import { textsAt } from "./text-paths.ts";

/** In the metadata of an item, by which of its fields it is found; `false` for not at all. */
export const indexName = "langgraph:index";

export interface StoreDocumentsOptions {
  /** Of the `RelevoStore`; `langgraph` when left out. */
  readonly root?: string | undefined;
  /** By which fields items are found that do not say so themselves, such as `title` or `chapters[*].content`; all when left out. */
  readonly fields?: readonly string[] | undefined;
}

const optionFields: FieldTable = fieldTable<StoreDocumentsOptions>({ root: "refines", fields: "refines" });

/** Which documents a recall indexes, and by which text. */
export interface StoreDocuments {
  readonly policy: { readonly documents: readonly (readonly string[])[] };
  readonly textOf: (document: Document) => string | undefined;
}

/**
 * What `createRecall({ …, ...storeDocuments() })` of `@relevo/semantic` has to know to find the items of a `RelevoStore`: by
 * the fields that `put` names in `index`, not at all with `index: false`, and by `fields` otherwise.
 *
 * @throws `invalid-input` that names the option.
 */
export function storeDocuments(given?: StoreDocumentsOptions): StoreDocuments {
  const { root, fields } = admitOptions(given, optionFields);
  const paths =
    fields &&
    readArray(fields, "options.fields", "an array of paths", maxPageSize).map((path, place) =>
      admitId(path, `options.fields[${place}]`, defaultLimits),
    );
  return {
    policy: { documents: [[admitId(root ?? "langgraph", "options.root", defaultLimits)]] },
    textOf({ value, metadata }) {
      const own = metadata[indexName];
      if (own === false) return undefined;
      const named = Array.isArray(own) ? (own as readonly string[]) : (paths ?? ["$"]);
      const texts = named.flatMap((path) => (path === "$" ? stringsOf(value) : textsAt(value, path)));
      return texts.length === 0 ? undefined : texts.join("\n");
    },
  };
}

/** All strings of a value, without the names of fields, which say nothing about it. */
function stringsOf(value: Document["value"]): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(stringsOf);
}
