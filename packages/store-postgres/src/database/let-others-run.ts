import { createEventLoopPacer } from "@relevo/core/input";
import type { Connector } from "./clients.ts";

/** The same connector, for a database in this process: some answers wait until the event loop has turned. */
export function letOthersRun(connector: Connector): Connector {
  const pacer = createEventLoopPacer();

  async function paced<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } finally {
      await pacer.next(performance.now());
    }
  }

  return {
    single: (statement, begin, attempt) => paced(connector.single(statement, begin, attempt)),
    transaction: (begin, work, attempt) => paced(connector.transaction(begin, work, attempt)),
  };
}
