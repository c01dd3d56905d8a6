import type { ConformanceCase } from "../../harness.ts";
import { appendCases } from "./append.ts";
import { belowPageCases } from "./below-page.ts";
import { cachedCopyCases } from "./cached-copies.ts";
import { eraseCases } from "./erase.ts";
import { guardCases } from "./guards.ts";
import { headCases } from "./head.ts";
import { incarnationCases } from "./incarnations.ts";
import { isolationCases } from "./isolation.ts";
import { lifetimeCases } from "./lifetime.ts";
import { listCases } from "./list.ts";
import { listOrderCases } from "./list-order.ts";
import { createLogModelCase } from "./model.ts";
import { operationCases } from "./operations.ts";
import { readCases } from "./read.ts";
import { removalCases } from "./removals.ts";
import { retractionCases } from "./retraction.ts";
import { tokenCases } from "./tokens.ts";
import { trimCases } from "./trim.ts";
import { valueCases } from "./values.ts";

/** The cases of the event log. */
export const logCases: readonly ConformanceCase[] = [
  ...appendCases,
  ...operationCases,
  ...guardCases,
  ...incarnationCases,
  ...lifetimeCases,
  ...readCases,
  ...belowPageCases,
  ...retractionCases,
  ...eraseCases,
  ...trimCases,
  ...removalCases,
  ...headCases,
  ...tokenCases,
  ...cachedCopyCases,
  ...listCases,
  ...listOrderCases,
  ...isolationCases,
  ...valueCases,
  createLogModelCase(),
];
