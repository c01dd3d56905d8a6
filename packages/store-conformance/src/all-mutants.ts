import type { Mutant } from "./harness.ts";
import { documentMutants } from "./mutants/documents/index.ts";
import { feedMutants } from "./mutants/feed.ts";
import { leaseMutants } from "./mutants/leases.ts";
import { lifecycleMutants } from "./mutants/lifecycle.ts";
import { logMutants } from "./mutants/log/index.ts";
import { scanMutants } from "./mutants/scan.ts";
import { searchMutants } from "./mutants/search.ts";
import { transferMutants } from "./mutants/transfer.ts";
import { transferDocumentMutants } from "./mutants/transfer-documents/index.ts";
import { transferFenceMutants } from "./mutants/transfer-fences.ts";
import { transferRemovalMutants } from "./mutants/transfer-removals.ts";

/** Every mutant of the kit. Each case is the target of at least one. */
export const allMutants: readonly Mutant[] = Object.freeze([
  ...logMutants,
  ...transferMutants,
  ...transferFenceMutants,
  ...transferRemovalMutants,
  ...transferDocumentMutants,
  ...scanMutants,
  ...leaseMutants,
  ...feedMutants,
  ...documentMutants,
  ...lifecycleMutants,
  ...searchMutants,
]);
