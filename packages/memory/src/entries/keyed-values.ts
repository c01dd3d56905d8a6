import type { DocumentInput, JsonObject, JsonValue } from "@relevo/core";
import { admitFields, admitId, type FieldTable, fieldTable, readArray, refuse } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { documentInput } from "./entry.ts";

/** One of several values that are remembered together. */
export interface KeyedValue {
  readonly key: string;
  readonly value: JsonValue;
  readonly ttlMs?: number | undefined;
  readonly category?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: JsonObject | undefined;
}

const valueFields: FieldTable = fieldTable<KeyedValue>({
  key: "selects",
  value: "selects",
  ttlMs: "refines",
  category: "refines",
  tags: "refines",
  metadata: "refines",
});

interface AdmittedValue {
  readonly key: string;
  readonly category: string | undefined;
  readonly input: DocumentInput;
}

/** Copies. @throws `invalid-input` that names the entry; `too-large`. */
export function admitValues(runtime: Runtime, given: readonly KeyedValue[]): readonly AdmittedValue[] {
  const { limits } = runtime;
  const most = runtime.durable.limits.batchItems;
  const list = readArray(given, "entries", "an array of entries", most, "batchItems");
  if (list.length === 0) throw refuse("entries", "must have an entry.");
  const keys = new Set<string>();
  return list.map((one, index) => {
    const name = `entries[${index}]`;
    const { key: givenKey, value, ...fields } = admitFields(one as KeyedValue, name, valueFields);
    const key = admitId(givenKey, `${name}.key`, limits);
    if (keys.has(key)) throw refuse(`${name}.key`, "is that of another entry, too.");
    keys.add(key);
    return { key, category: fields.category, input: documentInput(runtime, value, fields, `${name}.`) };
  });
}
