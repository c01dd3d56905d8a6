import type { Mutant } from "../../harness.ts";
import { appendMutants } from "./append.ts";
import { guardMutants } from "./guards.ts";
import { operationMutants } from "./operations.ts";

/** The stores that the cases of the event log must catch. */
export const logMutants: readonly Mutant[] = [...appendMutants, ...operationMutants, ...guardMutants];
