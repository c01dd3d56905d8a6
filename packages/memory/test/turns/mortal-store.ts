import type { Lease } from "@relevo/core";
import type { MemoryStore } from "../../src/index.ts";

/** Counts the calls of all stores that share it. */
export interface Life {
  calls: number;
  /** The process is killed after the call with this number; never when left out. */
  readonly last: number | undefined;
}

/** The store, which kills this process after one of its calls: that has taken effect, and nobody learns of it. */
export function mortal(store: MemoryStore, life: Life): MemoryStore {
  const around = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        // What asks about the process and not the store makes no call.
        if (typeof member !== "function" || name === "presentToken") return member;
        return async (...args: unknown[]) => {
          const isLast = ++life.calls === life.last;
          const result: unknown = await Reflect.apply(member, target, args);
          if (isLast) process.kill(process.pid, "SIGKILL");
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
