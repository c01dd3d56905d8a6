import { createMemoryStore, type MemoryStore } from "@relevo/store-memory";

export async function openStore(options: { readonly maxSessions?: number } = {}): Promise<MemoryStore> {
  return createMemoryStore(options);
}
