import type { Kysely } from "kysely";
import type { Deadline } from "./deadline.ts";

/** What the store calls of a `Pool` of `pg`. */
export interface PostgresPool {
  /** With a callback, so that a client is listened to from the moment at which the pool lets go of it. */
  connect(callback: (error: Error | undefined, client: PostgresClient | undefined) => void): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  listenerCount(event: "error"): number;
}

/** What the store calls of a client that such a pool gives out. */
export interface PostgresClient {
  query(query: {
    readonly text: string;
    readonly values?: unknown[];
    readonly name?: string;
  }): Promise<PostgresResult>;
  release(destroy?: Error | boolean): void;
  /** As the server said last: `I` outside a transaction, `T` in one, `E` in one that failed. Older versions of `pg` lack it. */
  getTransactionStatus?(): string | null;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

export interface PostgresResult {
  readonly command?: string;
  readonly rowCount?: number | null;
  readonly rows: unknown[];
}

/** A Kysely over any dialect of PostgreSQL, whatever tables it was typed for. */
// biome-ignore lint/suspicious/noExplicitAny: Kysely is invariant in its tables, and the caller's are not ours.
export type AnyKysely = Kysely<any>;

export interface StatementResult {
  readonly rows: readonly unknown[];
}

/** Runs one statement on a connection that is held meanwhile. */
export type RunStatement = (
  text: string,
  values: readonly unknown[],
  name?: string,
) => Promise<StatementResult>;

/** Whether an attempt has sent what could take effect. Set before it is sent. */
export interface Progress {
  sent: boolean;
}

/**
 * One way to reach a database. What it throws are the client's own errors, or those of the deadline. `begin` is a
 * statement that sets up each transaction. A transaction is `read committed`, whatever the default of the role or the
 * database is: who waits for a lock continues with what the previous writer has left.
 */
export interface Connector {
  /**
   * One statement; with `begin`, inside a transaction that this makes. Without it names are looked up under the path of
   * the connection, so the text has to come from `qualify`.
   */
  single(
    statement: {
      readonly text: string;
      readonly values: readonly unknown[];
      readonly name?: string;
      /** As of a `Statement`. */
      readonly isAnswer?: boolean | undefined;
    },
    begin: string | undefined,
    attempt: Attempt,
  ): Promise<readonly unknown[]>;
  transaction<Result>(
    begin: string,
    work: (run: RunStatement) => Promise<Result>,
    attempt: Attempt,
  ): Promise<Result>;
}

/** What one attempt is bound by, and how far it got. */
export interface Attempt {
  readonly deadline: Deadline;
  readonly progress: Progress;
}
