import type { CallOptions, Limits } from "@relevo/core";

/**
 * One statement. `name` is its prepared statement's; the same name always has the same text.
 *
 * Results that all clients read alike: take `bigint` as `asText` gives it, and JSON as `text`. A `bigint` comes as a
 * string from one client and as a number from another.
 */
export interface Statement {
  readonly name: string;
  /** A function is called for the first statement of the name alone. */
  readonly text: string | (() => string);
  readonly values: readonly unknown[];
  /** The result is at most one row with one column, the text `answer`, which takes a client less to read. */
  readonly isAnswer?: boolean;
}

/**
 * What may be done when nobody knows whether a statement took effect. `read`: nothing was changed, so it is done
 * again. `repeatable`: a write that gives the same result when it is done twice, so it is done again. `once`: the
 * caller is told `unknown`. What certainly was not applied (a deadlock, no connection) is done again in any case.
 */
export type Effect = "read" | "repeatable" | "once";

export interface WorkOptions extends CallOptions {
  readonly effect: Effect;
  /** What is left for it when part of a call's time is over already; never more than the store's own. */
  readonly timeoutMs?: number | undefined;
}

/** Runs one statement of a transaction and returns its rows. */
export type Run = <Row>(text: string, values: readonly unknown[]) => Promise<readonly Row[]>;

/** The one place that talks to a client: deadlines, signals, retries, roles and errors are its business. */
export interface Database {
  /** The schema as a quoted identifier, for text of statements: `"relevo"`. */
  readonly schema: string;
  /** The schema as it is called, for values. */
  readonly schemaName: string;
  readonly limits: Limits;
  /** @throws `closed` */
  requireOpen(): void;
  /**
   * One statement in a transaction of its own, in one round trip where the client allows. It has to set the tenant
   * itself before it touches a row: as a function that begins with `set_config('relevo.tenant', …, true)`, or within
   * the scope of `tenantScope`.
   *
   * @throws `closed`; `aborted`; `timeout`; `unavailable`; `denied`; `corrupt`, each with its outcome.
   */
  call<Row>(statement: Statement, options: WorkOptions): Promise<readonly Row[]>;
  /**
   * Several statements in one transaction (read committed), with the tenant set and the role assumed before the
   * first. `work` runs again from its beginning when the transaction has to be repeated. For long work in batches.
   *
   * @throws as `call`; what `work` throws rolls back and is thrown unchanged.
   */
  transaction<Result>(
    tenant: string | undefined,
    work: (run: Run) => Promise<Result>,
    options: WorkOptions,
  ): Promise<Result>;
}
