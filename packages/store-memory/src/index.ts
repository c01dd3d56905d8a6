export type {
  DocumentEviction,
  EvictionNotice,
  EvictionReason,
  MemoryStoreOptions,
  SessionEviction,
} from "./options.ts";
export { createMemoryStore, type MemoryStore, type MemoryStoreStats } from "./store.ts";
