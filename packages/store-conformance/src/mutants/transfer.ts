import type { Mutant } from "../harness.ts";

/** The stores that the cases of transfer must catch. */
export const transferMutants: readonly Mutant[] = [];
