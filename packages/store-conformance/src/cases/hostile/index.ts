import type { ConformanceCase } from "../../harness.ts";

/** The cases of hostile input. */
export const hostileCases: readonly ConformanceCase[] = [];
