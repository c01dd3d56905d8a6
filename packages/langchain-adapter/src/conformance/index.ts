export { baseStoreCases } from "./base-store-cases.ts";
export type {
  BaseStoreCase,
  BaseStoreHarness,
  BaseStoreOutcome,
  BaseStoreResult,
} from "./base-store-harness.ts";
export { describeDifferences, runBaseStoreCases } from "./run-base-store-cases.ts";
