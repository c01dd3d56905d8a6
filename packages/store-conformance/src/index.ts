export { allCases } from "./all-cases.ts";
export { allMutants } from "./all-mutants.ts";
export { createDocumentModelCase } from "./cases/documents/model.ts";
export { createLogModelCase, type ModelOptions } from "./cases/log/model.ts";
export { searchCases } from "./cases/search/index.ts";
export { conformanceDocument } from "./conformance-document.ts";
export {
  type DescribeConformanceOptions,
  describeConformance,
  type RunningTest,
  type TestRunner,
} from "./describe-conformance.ts";
export {
  type DescribeMutantsOptions,
  describeMutants,
  judgeMutant,
  type MutantVerdict,
  targetProblems,
} from "./describe-mutants.ts";
export { check, equal, eventually, inTime, present, refuses, vandalize } from "./expect.ts";
export type {
  Capability,
  CaseContext,
  ConformanceArea,
  ConformanceCase,
  Mutant,
  StoreFixture,
  StoreHarness,
} from "./harness.ts";
export { checkHistory } from "./history/check-history.ts";
export type {
  AcknowledgedAppend,
  History,
  HistoryAppend,
  HistoryRead,
  SeenEvent,
  Violation,
  ViolationKind,
} from "./history/history.ts";
export { erasedEvent } from "./history/history.ts";
export { describeReading } from "./models/describe-reading.ts";
export { createReferenceIndex } from "./models/reference-index.ts";
export { breakStore, overriding, type StoreParts } from "./mutants/break-store.ts";
export { type OptionsCall, optionProblems, storeOptionProblems } from "./option-problems.ts";
export { runCase } from "./run-case.ts";
export { type SoakOptions, soakModels } from "./soak-models.ts";
