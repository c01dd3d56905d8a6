import { CompiledQuery, type Kysely, type Transaction } from "kysely";
import type { AnyKysely, Connector, RunStatement, StatementResult } from "./clients.ts";
import type { Deadline } from "./deadline.ts";

/**
 * Reaches a database through a Kysely of the caller. What Kysely runs cannot be taken back, so
 * a call that is over by its deadline leaves its statement to end by itself.
 */
export function createKyselyConnector(kysely: AnyKysely): Connector {
  return {
    async single({ text, values }, begin, attempt) {
      const { deadline, progress } = attempt;
      if (begin !== undefined) {
        return this.transaction(begin, async (run) => (await run(text, values)).rows, attempt);
      }
      deadline.check();
      progress.sent = true;
      const query = CompiledQuery.raw(text, [...values]);
      return (await deadline.race(kysely.executeQuery<unknown>(query))).rows;
    },

    async transaction(begin, work, { deadline, progress }) {
      deadline.check();
      const done = kysely
        .transaction()
        .setIsolationLevel("read committed")
        .execute(async (transaction) => {
          // It may have waited long for the only connection.
          deadline.check();
          const run = runOn(transaction, deadline);
          await run(begin, []);
          const result = await work(run);
          deadline.check();
          progress.sent = true;
          return result;
        });
      return deadline.race(done);
    },
  };
}

const runOn =
  (transaction: Kysely<unknown> | Transaction<unknown>, deadline: Deadline): RunStatement =>
  async (text, values): Promise<StatementResult> => {
    deadline.check();
    const query = CompiledQuery.raw(text, [...values]);
    return await transaction.executeQuery<unknown>(query);
  };
