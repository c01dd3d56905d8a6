import type { Mutant } from "../../harness.ts";
import { exportMutants } from "./exports.ts";
import { importMutants } from "./imports.ts";
import { sourceMutants } from "./sources.ts";

/** The stores that the cases of the transfer of documents must catch. */
export const transferDocumentMutants: readonly Mutant[] = [
  ...exportMutants,
  ...importMutants,
  ...sourceMutants,
];
