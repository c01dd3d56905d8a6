import type { ConformanceCase } from "../../harness.ts";

/** The cases of transfer. */
export const transferCases: readonly ConformanceCase[] = [];
