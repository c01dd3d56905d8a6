import type { Mutant } from "../harness.ts";

/** The stores that the cases of lifecycle must catch. */
export const lifecycleMutants: readonly Mutant[] = [];
