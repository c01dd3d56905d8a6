import type { Lease } from "@relevo/core";
import type { MemoryStore } from "../../src/index.ts";

/** Counts the calls of all stores that share it. */
export interface Life {
  calls: number;
  /** The number of the last call; there is none when left out. */
  readonly last: number | undefined;
  /** Called after the last call: that has taken effect, and nobody learns of it. */
  die(): void;
}

/** The store for work that ends after one of its calls: no later one is made, also none that a timer would make. */
export function mortal(store: MemoryStore, life: Life): MemoryStore {
  const around = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        // What asks about the process and not the store makes no call.
        if (typeof member !== "function" || name === "presentToken") return member;
        return async (...args: unknown[]) => {
          const call = ++life.calls;
          if (life.last !== undefined && call > life.last) return never();
          const result: unknown = await Reflect.apply(member, target, args);
          if (call === life.last) {
            life.die();
            return never();
          }
          // A copy, because no proxy may show other members than a frozen lease has.
          return name === "acquire" ? around({ ...(result as Lease) }) : result;
        };
      },
    });
  const { limits, log, documents, leases } = store;
  return {
    limits,
    log: around(log),
    documents: around(documents),
    ...(leases === undefined ? {} : { leases: around(leases) }),
  };
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
