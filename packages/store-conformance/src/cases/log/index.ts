import type { ConformanceCase } from "../../harness.ts";
import { appendCases } from "./append.ts";
import { guardCases } from "./guards.ts";
import { operationCases } from "./operations.ts";

/** The cases of the event log. */
export const logCases: readonly ConformanceCase[] = [...appendCases, ...operationCases, ...guardCases];
