import type { Mutant } from "../harness.ts";

/** The stores that the cases of leases must catch. */
export const leaseMutants: readonly Mutant[] = [];
