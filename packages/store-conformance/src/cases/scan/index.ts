import type { ConformanceCase } from "../../harness.ts";

/** The cases of scan. */
export const scanCases: readonly ConformanceCase[] = [];
