import type { Document, DocumentAddress, RecallHit } from "@relevo/core";

/** How often a memory was read or found since that is counted, and when it last was, in milliseconds since the epoch. */
export interface Use {
  readonly count: number;
  readonly lastAt: number;
}

/** The uses of durable memories: those that wait in this process, and those that are stored beside each memory. */
export interface UseRecords {
  /** Counts in this process, and never fails. What is no durable memory is not counted. */
  note(address: DocumentAddress): void;
  /** Counts the documents among what a search has found. */
  noteFound(tenant: string, hits: readonly RecallHit[]): void;
  /** Writes what waited when this was called. A failure is reported, and loses these counts. */
  flush(): Promise<void>;
  /** The stored uses of these documents, in their order. @throws what the store throws. */
  of(tenant: string, documents: readonly Document[]): Promise<readonly (Use | undefined)[]>;
}

/** How much a document is worth keeping, from 0 to 1. */
export interface Importance {
  /** `use` is there with `createMemory({ countUses })` for memories that were used. */
  score(document: Document, now: number, use?: Use): number;
}

const dayMs = 24 * 3600 * 1000;
/** Without a weight of its own, a document is in the middle. */
const usualWeight = 0.5;
/** After so many uses, use counts for half of what it can. */
const halfUses = 10;

/**
 * `min(1, weight × (1 + n / (n + 10))) × 0.5 ^ (age / 30 days)`: the weight that a writer gave, `metadata.importance` from 0
 * to 1, raised by n uses, and halved for every 30 days since the last write or use, whichever is later. Uses at most double
 * it, so that what is read by habit does not outweigh what a writer called important, and a weight of 0 stays 0.
 */
export const recencyUseAndWeight: Importance = {
  score({ metadata, updatedAt }, now, { count, lastAt } = { count: 0, lastAt: updatedAt }) {
    const { importance } = metadata;
    const weight = typeof importance === "number" ? Math.min(1, Math.max(0, importance)) : usualWeight;
    const raised = Math.min(1, weight * (1 + count / (count + halfUses)));
    return raised * 0.5 ** (Math.max(0, now - Math.max(updatedAt, lastAt)) / (30 * dayMs));
  },
};
