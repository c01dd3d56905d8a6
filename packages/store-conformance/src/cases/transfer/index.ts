import type { ConformanceCase } from "../../harness.ts";
import { documentExportCases } from "./document-export.ts";
import { documentImportCases } from "./document-import.ts";
import { documentSourceCases } from "./document-sources.ts";
import { fenceCases } from "./fences.ts";
import { importCases } from "./import.ts";
import { transferRemovalCases } from "./removals.ts";
import { sealCases } from "./seal.ts";

/** The cases of sealing, export and import. */
export const transferCases: readonly ConformanceCase[] = [
  ...sealCases,
  ...fenceCases,
  ...importCases,
  ...transferRemovalCases,
  ...documentExportCases,
  ...documentImportCases,
  ...documentSourceCases,
];
