import { MemoryError } from "./memory-error.ts";

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
  /** One event's body, or one document's value, as JSON. */
  readonly valueBytes: number;
  /** Metadata of a session, an event or a document, as JSON. */
  readonly metadataBytes: number;
  /** Levels of arrays and objects in one value. */
  readonly depth: number;
  /** Events in one append, documents in one `putMany`. */
  readonly batchItems: number;
  /** All bodies or values of one call together. */
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

/** The defaults with these in their place. @throws `invalid-input` for a limit that is not a positive integer. */
export function resolveLimits(overrides: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(overrides)) {
    if (!Number.isSafeInteger(value) || value < 1 || !(name in defaultLimits)) {
      throw new MemoryError("invalid-input", `limits.${name} must be a known limit and a positive integer.`, {
        details: { field: `limits.${name}` },
      });
    }
  }
  return Object.freeze({ ...defaultLimits, ...overrides });
}
