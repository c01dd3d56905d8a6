import { refuse, shown } from "./admission/refuse.ts";

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
  /** Metadata of a session, an event or a document, as JSON. */
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

const maxDepth = 1000;

/** The defaults with these in their place. @throws `invalid-input` for a limit that is not a positive integer. */
export function resolveLimits(overrides: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(overrides ?? {})) {
    if (!Object.hasOwn(defaultLimits, name) || !Number.isSafeInteger(value) || value < 1) {
      throw refuse(`limits.${shown(name)}`, "must be a known limit and a positive integer.");
    }
    if (name === "depth" && value > maxDepth) throw refuse("limits.depth", `must be at most ${maxDepth}.`);
  }
  return Object.freeze({ ...defaultLimits, ...overrides });
}
