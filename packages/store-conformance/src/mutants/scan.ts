import type { Mutant } from "../harness.ts";

/** The stores that the cases of scan must catch. */
export const scanMutants: readonly Mutant[] = [];
