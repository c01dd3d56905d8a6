import type { PGlite } from "kysely";
import type { Connector } from "./clients.ts";

/**
 * Reaches a PGlite. It runs one statement or transaction at a time, and what it runs cannot be taken back: a call that
 * is over by its deadline leaves its statement to end by itself. Not through Kysely's dialect, in which a transaction
 * that cannot begin, as in a PGlite that was closed, is a rejection that nobody handles, and ends the process.
 * Isolation is left as it is: nothing runs beside a transaction.
 */
export function createPgliteConnector(pglite: PGlite): Connector {
  return {
    async single({ text, values }, begin, attempt) {
      const { deadline, progress } = attempt;
      if (begin !== undefined) {
        return this.transaction(begin, async (run) => (await run(text, values)).rows, attempt);
      }
      deadline.check();
      progress.sent = true;
      return (await deadline.race(pglite.query<unknown>(text, [...values]))).rows;
    },

    async transaction(begin, work, { deadline, progress }) {
      deadline.check();
      const done = pglite.transaction(async (transaction) => {
        async function run(text: string, values: readonly unknown[]) {
          // It may have waited long for the others.
          deadline.check();
          return await transaction.query<unknown>(text, [...values]);
        }
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
