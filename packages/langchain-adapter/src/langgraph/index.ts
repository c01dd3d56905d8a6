export { RelevoCheckpointer, type RelevoCheckpointerOptions } from "./checkpointer.ts";
export { type ImportThreadsOptions, importItems, importThreads } from "./import-threads.ts";
export { RelevoStore, type RelevoStoreOptions } from "./store.ts";
export { type StoreDocuments, type StoreDocumentsOptions, storeDocuments } from "./store-documents.ts";
