import { type AnswerStatement, queryAnswer, takesQueries } from "./answer-query.ts";
import { type Checkout, checkOut } from "./check-out.ts";
import type { Attempt, Connector, PostgresClient, PostgresPool, RunStatement } from "./clients.ts";
import type { Deadline } from "./deadline.ts";
import { connectionSurvives, RolledBack } from "./errors.ts";

/** How soon a server notices that nobody waits for a statement any more. */
const lookMs = 1000;

/**
 * Reaches a server through a pool of `pg`. A client goes back to the pool only when it is as good as new: one on which
 * a call did not end by its deadline would give its answer to whoever used it next, and one whose transaction did not
 * end would fail the caller's own queries, or undo them.
 */
export function createPoolConnector(
  pool: PostgresPool,
  options: { readonly preparedStatements: boolean; readonly onError: (error: unknown) => void },
): Connector {
  // Without a listener the end of an idle connection, such as a restart of the server, ends the process.
  if (pool.listenerCount("error") === 0) pool.on("error", options.onError);

  const prepared = new WeakSet<PostgresClient>();

  /**
   * A statement on an abandoned connection keeps running on the server, with its locks, until it is done: a function
   * cannot set the timeout of the statement that calls it. So the server is asked, once for each connection, to look
   * now and then whether anybody is still there. It changes nothing for whoever shares the pool. A pooler gives its
   * connections to others, and drops those whose client went away in the middle.
   */
  async function prepare(client: PostgresClient, deadline: Deadline): Promise<void> {
    try {
      await deadline.race(client.query({ text: `set client_connection_check_interval = ${lookMs}` }));
    } catch (error) {
      // A server whose system cannot tell refuses the setting, and does without.
      if (!connectionSurvives(error)) throw error;
    }
    prepared.add(client);
  }

  async function withClient<Result>(
    attempt: Attempt,
    work: (checkout: Checkout) => Promise<Result>,
  ): Promise<Result> {
    return await useClient(await acquire(pool, attempt.deadline), attempt, work);
  }

  async function useClient<Result>(
    checkout: Checkout,
    { deadline }: Attempt,
    work: (checkout: Checkout) => Promise<Result>,
  ): Promise<Result> {
    let broken = true;
    try {
      checkout.requireUsable();
      if (options.preparedStatements && !prepared.has(checkout.client)) {
        await prepare(checkout.client, deadline);
      }
      const result = await work(checkout);
      broken = false;
      return result;
    } catch (error) {
      broken = !connectionSurvives(error);
      throw error;
    } finally {
      checkout.release(broken);
    }
  }

  /**
   * As `withClient` would, but with one promise in place of a dozen: the calls of a turn come here. A client that is not
   * prepared, or takes no queries but its own, goes the other way.
   */
  function ask(statement: AnswerStatement, attempt: Attempt): Promise<readonly unknown[]> {
    const { deadline, progress } = attempt;
    let isOver = false;
    let held: Checkout | undefined;
    function release(broken: boolean): void {
      held?.release(broken);
      held = undefined;
    }
    function begin(
      resolve: (rows: readonly unknown[] | Promise<readonly unknown[]>) => void,
      reject: (error: unknown) => void,
    ): void {
      function fail(error: unknown): void {
        release(!connectionSurvives(error));
        reject(error);
      }
      checkOut(pool, (error, checkout) => {
        if (checkout === undefined) return reject(error);
        // Whoever comes too late must not keep the connection for ever.
        if (isOver) return checkout.release(false);
        const { client } = checkout;
        if (!takesQueries(client) || (options.preparedStatements && !prepared.has(client)))
          return resolve(useClient(checkout, attempt, (used) => single(used, statement, attempt)));
        held = checkout;
        try {
          checkout.requireUsable();
          progress.sent = true;
          queryAnswer(client, statement, (failure, result) => {
            if (isOver) return;
            if (result === undefined) return fail(failure);
            release(false);
            resolve(result.rows);
          });
        } catch (cause) {
          fail(cause);
        }
      });
    }
    return deadline.run(begin, () => {
      isOver = true;
      release(true);
    });
  }

  const runOn =
    (client: PostgresClient, deadline: Deadline): RunStatement =>
    async (text, values, name) => {
      const query =
        name === undefined || !options.preparedStatements
          ? { text, values: values as unknown[] }
          : { text, values: values as unknown[], name };
      return await deadline.race(client.query(query));
    };

  async function single(
    checkout: Checkout,
    { text, values, name }: AnswerStatement,
    { deadline, progress }: Attempt,
  ): Promise<readonly unknown[]> {
    checkout.requireUsable();
    progress.sent = true;
    return (await runOn(checkout.client, deadline)(text, values, name)).rows;
  }

  return {
    single({ text, values, name, isAnswer }, begin, attempt) {
      if (begin !== undefined) {
        return this.transaction(begin, async (run) => (await run(text, values, name)).rows, attempt);
      }
      if (isAnswer === true)
        return ask({ name: options.preparedStatements ? name : undefined, text, values }, attempt);
      return withClient(attempt, (checkout) => single(checkout, { text, values, name }, attempt));
    },

    transaction(begin, work, { deadline, progress }) {
      return withClient({ deadline, progress }, async (checkout) => {
        const { client } = checkout;
        checkout.inTransaction = true;
        // What follows `begin` may be refused, and leaves a transaction that has failed: the client is destroyed.
        await deadline.race(client.query({ text: `begin isolation level read committed; ${begin}` }));
        let result: Awaited<ReturnType<typeof work>>;
        try {
          result = await work(runOn(client, deadline));
          deadline.check();
        } catch (error) {
          if (connectionSurvives(error)) {
            await rollBack(client, deadline);
            checkout.inTransaction = false;
          }
          throw error;
        }
        checkout.requireUsable();
        progress.sent = true;
        const { command } = await deadline.race(client.query({ text: "commit" }));
        checkout.inTransaction = false;
        // A transaction in which a statement failed is rolled back, and the commit says so without an error.
        if (command === "ROLLBACK") throw new RolledBack();
        return result;
      });
    },
  };
}

async function acquire(pool: PostgresPool, deadline: Deadline): Promise<Checkout> {
  deadline.check();
  const taking = new Promise<Checkout>((resolve, reject) => {
    checkOut(pool, (error, checkout) => (checkout === undefined ? reject(error) : resolve(checkout)));
  });
  try {
    return await deadline.race(taking);
  } catch (error) {
    // Whoever comes too late must not keep the connection for ever.
    taking.then(
      (checkout) => checkout.release(false),
      () => undefined,
    );
    throw error;
  }
}

async function rollBack(client: PostgresClient, deadline: Deadline): Promise<void> {
  try {
    await deadline.race(client.query({ text: "rollback" }));
  } catch (cause) {
    // The connection is destroyed with the error of the rollback, and the server rolls back by itself.
    throw new Error("The transaction could not be rolled back.", { cause });
  }
}
