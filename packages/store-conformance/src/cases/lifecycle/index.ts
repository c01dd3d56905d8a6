import type { ConformanceCase } from "../../harness.ts";

/** The cases of lifecycle. */
export const lifecycleCases: readonly ConformanceCase[] = [];
