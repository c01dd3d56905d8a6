import type { Mutant } from "../../harness.ts";

/** The stores that the document and the hostile cases must catch. */
export const documentMutants: readonly Mutant[] = [];
