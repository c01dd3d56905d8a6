import type { ConformanceCase } from "../../harness.ts";

/** The cases of leases. */
export const leaseCases: readonly ConformanceCase[] = [];
