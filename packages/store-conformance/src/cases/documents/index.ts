import type { ConformanceCase } from "../../harness.ts";

/** The cases of the document port. */
export const documentCases: readonly ConformanceCase[] = [];
