export {
  createKeyValueDriver,
  type KeyValueDriver,
  type KeyValueDriverOptions,
} from "./create-key-value-driver.ts";
export type {
  KeyRange,
  KeyValueChange,
  KeyValueCondition,
  KeyValueEntry,
  KeyValueLimits,
  KeyValueReadRequest,
  KeyValueReadResult,
  KeyValueSpace,
  KeyVersion,
} from "./space/key-value-space.ts";
