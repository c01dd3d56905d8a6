import { admitFields, type FieldTable, fieldTable } from "./input/fields.ts";
import { refuse } from "./input/refuse.ts";

/** Bounds on input, the same for every store so that data can move between them. Sizes are UTF-8 bytes. */
export interface Limits {
  /** Tenant, session, key, namespace element, tag, agent, operation id, subject. */
  readonly idBytes: number;
  /**
   * Tenant with session, namespace and key together. Below the 2,704 bytes that a PostgreSQL index entry can hold.
   */
  readonly addressBytes: number;
  readonly namespaceElements: number;
  readonly tags: number;
  /** One whole event, or one document's value, as JSON. */
  readonly valueBytes: number;
  /**
   * Metadata of a session, an event or a document, as JSON. Names that begin with `relevo:`, under which features keep
   * notes of their own, do not count; they have 64 KiB beside it.
   */
  readonly metadataBytes: number;
  /** Levels of arrays and objects in one value. At most 1,000, which every call stack can walk. */
  readonly depth: number;
  /** Events in one append, documents in one `putMany`. */
  readonly batchItems: number;
  /** All events or values of one call together. */
  readonly batchBytes: number;
  /** Nodes in one `where` filter. */
  readonly whereNodes: number;
}

export const defaultLimits: Limits = Object.freeze({
  idBytes: 1024,
  addressBytes: 2000,
  namespaceElements: 16,
  tags: 64,
  valueBytes: 8 * 1024 * 1024,
  metadataBytes: 64 * 1024,
  depth: 64,
  batchItems: 1000,
  batchBytes: 32 * 1024 * 1024,
  whereNodes: 256,
});

export const maxJsonDepth = 1000;

const limitFields: FieldTable = fieldTable<LimitOverrides>({
  idBytes: "refines",
  addressBytes: "refines",
  namespaceElements: "refines",
  tags: "refines",
  valueBytes: "refines",
  metadataBytes: "refines",
  depth: "refines",
  batchItems: "refines",
  batchBytes: "refines",
  whereNodes: "refines",
});

/** Limits that replace the defaults; `undefined` keeps the default. */
export type LimitOverrides = { readonly [Name in keyof Limits]?: Limits[Name] | undefined };

/**
 * The default limits, or `base`, with these overrides.
 *
 * @throws `invalid-input` for an unknown limit and for one that is not a positive integer.
 */
export function resolveLimits(overrides: LimitOverrides = {}, base: Limits = defaultLimits): Limits {
  const limits: { -readonly [Name in keyof Limits]: Limits[Name] } = { ...base };
  const given = admitFields(overrides, "limits", limitFields);
  for (const name of Object.keys(defaultLimits) as (keyof Limits)[]) {
    const value = given[name];
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 1)
      throw refuse(`limits.${name}`, "must be a positive integer.");
    if (name === "depth" && value > maxJsonDepth)
      throw refuse("limits.depth", `must be at most ${maxJsonDepth}.`);
    limits[name] = value;
  }
  return Object.freeze(limits);
}
