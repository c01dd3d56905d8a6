import type { Document } from "@relevo/core";

/** How much a document is worth keeping, from 0 to 1. */
export interface Importance {
  score(document: Document, now: number): number;
}

const dayMs = 24 * 3600 * 1000;
/** Without a weight of its own, a document is in the middle. */
const usualWeight = 0.5;

/**
 * The weight that a writer gave, `metadata.importance` from 0 to 1, halved for every 30 days since the last write. What is
 * remembered again is in use, and so starts again.
 */
export const recencyAndWeight: Importance = {
  score({ metadata, updatedAt }, now) {
    const { importance } = metadata;
    const weight = typeof importance === "number" ? Math.min(1, Math.max(0, importance)) : usualWeight;
    return weight * 0.5 ** (Math.max(0, now - updatedAt) / (30 * dayMs));
  },
};
