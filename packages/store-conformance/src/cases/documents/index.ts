import type { ConformanceCase } from "../../harness.ts";
import { batchCases } from "./batches.ts";
import { boundaryCases } from "./boundaries.ts";
import { concurrencyCases } from "./concurrency.ts";
import { countCases } from "./count.ts";
import { derivedFromCases } from "./derived-from.ts";
import { expiryCases } from "./expiry.ts";
import { findCases } from "./find.ts";
import { isolationCases } from "./isolation.ts";
import { limitCases } from "./limits.ts";
import { createDocumentModelCase } from "./model.ts";
import { namespaceCases } from "./namespaces.ts";
import { documentOperationCases } from "./operations.ts";
import { ownerUnitCases } from "./owner-units.ts";
import { pagingCases } from "./paging.ts";
import { readingCases } from "./reading.ts";
import { roundTripCases } from "./round-trip.ts";
import { sessionGuardCases } from "./session-guards.ts";
import { sessionLifeCases } from "./session-life.ts";
import { textCases } from "./text.ts";
import { whereCases } from "./where.ts";
import { writingCases } from "./writing.ts";

/** The cases of the document port. */
export const documentCases: readonly ConformanceCase[] = [
  ...readingCases,
  ...writingCases,
  ...batchCases,
  ...ownerUnitCases,
  ...documentOperationCases,
  ...derivedFromCases,
  ...concurrencyCases,
  ...expiryCases,
  ...sessionLifeCases,
  ...sessionGuardCases,
  ...findCases,
  ...whereCases,
  ...textCases,
  ...pagingCases,
  ...countCases,
  ...namespaceCases,
  ...isolationCases,
  ...roundTripCases,
  ...limitCases,
  ...boundaryCases,
  createDocumentModelCase(),
];
