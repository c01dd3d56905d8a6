import type { Mutant } from "../../harness.ts";
import { appendMutants } from "./append.ts";
import { belowPageMutants } from "./below-page.ts";
import { cachedCopyMutants } from "./cached-copies.ts";
import { eraseMutants } from "./erase.ts";
import { guardMutants } from "./guards.ts";
import { headMutants } from "./head.ts";
import { incarnationMutants } from "./incarnations.ts";
import { isolationMutants } from "./isolation.ts";
import { lifetimeMutants } from "./lifetime.ts";
import { listMutants } from "./list.ts";
import { listOrderMutants } from "./list-order.ts";
import { modelMutants } from "./model.ts";
import { operationMutants } from "./operations.ts";
import { readMutants } from "./read.ts";
import { removalMutants } from "./removals.ts";
import { retractionMutants } from "./retraction.ts";
import { tokenMutants } from "./tokens.ts";
import { trimMutants } from "./trim.ts";
import { valueMutants } from "./values.ts";

/** The stores that the cases of the event log must catch. */
export const logMutants: readonly Mutant[] = [
  ...appendMutants,
  ...operationMutants,
  ...guardMutants,
  ...incarnationMutants,
  ...lifetimeMutants,
  ...readMutants,
  ...belowPageMutants,
  ...retractionMutants,
  ...eraseMutants,
  ...trimMutants,
  ...removalMutants,
  ...headMutants,
  ...tokenMutants,
  ...cachedCopyMutants,
  ...listMutants,
  ...listOrderMutants,
  ...isolationMutants,
  ...valueMutants,
  ...modelMutants,
];
