import type { ConformanceCase } from "../../harness.ts";
import { batchCases } from "./batches.ts";
import { boundaryCases } from "./boundaries.ts";
import { concurrencyCases } from "./concurrency.ts";
import { expiryCases } from "./expiry.ts";
import { readingCases } from "./reading.ts";
import { writingCases } from "./writing.ts";

/** The cases of the document port. */
export const documentCases: readonly ConformanceCase[] = [
  ...readingCases,
  ...writingCases,
  ...batchCases,
  ...concurrencyCases,
  ...expiryCases,
  ...boundaryCases,
];
