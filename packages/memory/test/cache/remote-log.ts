import { setImmediate as nextTurn } from "node:timers/promises";
import type { EventLog } from "@relevo/core";
import type { MemoryStore } from "../../src/index.ts";

export type LogMethod = Exclude<keyof EventLog, symbol>;

/** A store reached over a network: each call of its log takes a turn of the event loop there and back. */
export interface RemoteStore extends MemoryStore {
  readonly calls: LogMethod[];
}

export function remote(store: MemoryStore): RemoteStore {
  const calls: LogMethod[] = [];
  const { log, limits, documents } = store;
  const over = <Args extends readonly unknown[], Result>(
    method: LogMethod,
    call: (...args: Args) => Promise<Result>,
  ) => {
    return async (...args: Args): Promise<Result> => {
      calls.push(method);
      await nextTurn();
      try {
        return await call(...args);
      } finally {
        await nextTurn();
      }
    };
  };
  return {
    limits,
    documents,
    ...(store.leases === undefined ? {} : { leases: store.leases }),
    log: {
      append: over("append", log.append),
      operation: over("operation", log.operation),
      read: over("read", log.read),
      head: over("head", log.head),
      touch: over("touch", log.touch),
      trim: over("trim", log.trim),
      erase: over("erase", log.erase),
      delete: over("delete", log.delete),
      list: over("list", log.list),
      scan: over("scan", log.scan),
    },
    calls,
  };
}
