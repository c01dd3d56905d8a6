export { RelevoCheckpointer, type RelevoCheckpointerOptions } from "./checkpointer.ts";
export { RelevoStore, type RelevoStoreOptions } from "./store.ts";
export { type StoreDocuments, type StoreDocumentsOptions, storeDocuments } from "./store-documents.ts";
