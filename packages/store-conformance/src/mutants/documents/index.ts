import type { Mutant } from "../../harness.ts";
import { batchMutants } from "./batches.ts";
import { countMutants } from "./count.ts";
import { derivedFromMutants } from "./derived-from.ts";
import { expiryMutants } from "./expiry.ts";
import { findMutants } from "./find.ts";
import { isolationMutants } from "./isolation.ts";
import { listingMutants } from "./listing.ts";
import { lookalikeMutants } from "./lookalikes.ts";
import { lyingMutants } from "./lying.ts";
import { mendingMutants } from "./mending.ts";
import { modelMutants } from "./model.ts";
import { documentOperationMutants } from "./operations.ts";
import { optionMutants } from "./options.ts";
import { ownerUnitMutants } from "./owner-units.ts";
import { sessionMutants } from "./sessions.ts";
import { textMutants } from "./text.ts";
import { valueMutants } from "./values.ts";
import { whereMutants } from "./where.ts";
import { writingMutants } from "./writing.ts";

/** The stores that the document and the hostile cases must catch. */
export const documentMutants: readonly Mutant[] = [
  ...writingMutants,
  ...batchMutants,
  ...ownerUnitMutants,
  ...documentOperationMutants,
  ...derivedFromMutants,
  ...expiryMutants,
  ...sessionMutants,
  ...findMutants,
  ...whereMutants,
  ...textMutants,
  ...countMutants,
  ...listingMutants,
  ...isolationMutants,
  ...valueMutants,
  ...mendingMutants,
  ...lyingMutants,
  ...optionMutants,
  ...lookalikeMutants,
  ...modelMutants,
];
