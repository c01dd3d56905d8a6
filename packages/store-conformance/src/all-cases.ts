import { documentCases } from "./cases/documents/index.ts";
import { feedCases } from "./cases/feed/index.ts";
import { hostileCases } from "./cases/hostile/index.ts";
import { leaseCases } from "./cases/leases/index.ts";
import { lifecycleCases } from "./cases/lifecycle/index.ts";
import { logCases } from "./cases/log/index.ts";
import { scanCases } from "./cases/scan/index.ts";
import { searchCases } from "./cases/search/index.ts";
import { transferCases } from "./cases/transfer/index.ts";
import type { ConformanceCase } from "./harness.ts";

/** Every case of the kit, by area. A store conforms when it passes them all. */
export const allCases: readonly ConformanceCase[] = Object.freeze([
  ...logCases,
  ...transferCases,
  ...scanCases,
  ...leaseCases,
  ...feedCases,
  ...documentCases,
  ...hostileCases,
  ...lifecycleCases,
  ...searchCases,
]);
