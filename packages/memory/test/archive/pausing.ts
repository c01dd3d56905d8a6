import type { MemoryStore } from "../../src/index.ts";

/** The store, with a pause before one of the calls to its log and documents. */
export function pausing(store: MemoryStore, beforeCall: () => Promise<void>): MemoryStore {
  const around = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          await beforeCall();
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    });
  const { limits, log, documents, leases } = store;
  return { limits, log: around(log), documents: around(documents), ...(leases && { leases }) };
}
