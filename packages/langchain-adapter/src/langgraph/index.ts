export { RelevoStore, type RelevoStoreOptions } from "./store.ts";
export { type StoreDocuments, type StoreDocumentsOptions, storeDocuments } from "./store-documents.ts";
