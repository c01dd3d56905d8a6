import type { Attempt, Connector, PostgresClient, PostgresPool, RunStatement } from "./clients.ts";
import type { Deadline } from "./deadline.ts";
import { connectionSurvives, RolledBack } from "./errors.ts";

/** How soon a server notices that nobody waits for a statement any more. */
const lookMs = 1000;

/**
 * Reaches a server through a pool of `pg`. A connection on which a call did not end by its deadline is destroyed: its
 * answer would come to whoever used the connection next.
 */
export function createPoolConnector(
  pool: PostgresPool,
  options: { readonly preparedStatements: boolean; readonly onError: (error: unknown) => void },
): Connector {
  // Without a listener the end of an idle connection, such as a restart of the server, ends the process.
  if (pool.listenerCount("error") === 0) pool.on("error", options.onError);

  const prepared = new WeakSet<PostgresClient>();

  /**
   * A statement on a connection that we have turned our back on goes on at the server, with its locks, until it is
   * done: a function cannot set the timeout of the statement that calls it. So the server is asked, once for each
   * connection, to look now and then whether anybody is still there. It changes nothing for whoever shares the pool.
   * A pooler gives its connections to others, and drops those whose client went away in the middle.
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
    { deadline }: Attempt,
    work: (client: PostgresClient) => Promise<Result>,
  ): Promise<Result> {
    const client = await acquire(pool, deadline);
    // A connection that breaks between two statements would end the process too.
    const onError = (): void => undefined;
    client.on("error", onError);
    let broken = true;
    try {
      if (options.preparedStatements && !prepared.has(client)) await prepare(client, deadline);
      const result = await work(client);
      broken = false;
      return result;
    } catch (error) {
      broken = !connectionSurvives(error);
      throw error;
    } finally {
      client.removeListener("error", onError);
      client.release(broken);
    }
  }

  const runOn =
    (client: PostgresClient, deadline: Deadline): RunStatement =>
    async (text, values, name) => {
      const query =
        name === undefined || !options.preparedStatements
          ? { text, values: values as unknown[] }
          : { text, values: values as unknown[], name };
      const { rows, rowCount } = await deadline.race(client.query(query));
      return { rows, affected: rowCount ?? undefined };
    };

  return {
    single({ text, values, name }, begin, attempt) {
      if (begin !== undefined) {
        return this.transaction(begin, async (run) => (await run(text, values, name)).rows, attempt);
      }
      return withClient(attempt, async (client) => {
        attempt.progress.sent = true;
        return (await runOn(client, attempt.deadline)(text, values, name)).rows;
      });
    },

    transaction(begin, work, attempt) {
      const { deadline, progress } = attempt;
      return withClient(attempt, async (client) => {
        const run = runOn(client, deadline);
        await deadline.race(client.query({ text: `begin; ${begin}` }));
        let result: Awaited<ReturnType<typeof work>>;
        try {
          result = await work(run);
          deadline.check();
        } catch (error) {
          await rollBack(client, deadline, error);
          throw error;
        }
        progress.sent = true;
        const { command } = await deadline.race(client.query({ text: "commit" }));
        // A transaction in which a statement failed is rolled back, and the commit says so without an error.
        if (command === "ROLLBACK") throw new RolledBack();
        return result;
      });
    },
  };
}

async function acquire(pool: PostgresPool, deadline: Deadline): Promise<PostgresClient> {
  deadline.check();
  const connecting = pool.connect();
  try {
    return await deadline.race(connecting);
  } catch (error) {
    // Whoever comes too late must not keep the connection for ever.
    connecting.then(
      (client) => client.release(),
      () => undefined,
    );
    throw error;
  }
}

async function rollBack(client: PostgresClient, deadline: Deadline, error: unknown): Promise<void> {
  if (!connectionSurvives(error)) return;
  try {
    await deadline.race(client.query({ text: "rollback" }));
  } catch (cause) {
    // The connection is destroyed with the error of the rollback, and the server rolls back by itself.
    throw new Error("The transaction could not be rolled back.", { cause });
  }
}
