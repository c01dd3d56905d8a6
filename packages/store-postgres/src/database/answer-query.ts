import type { PostgresClient, StatementResult } from "./clients.ts";

/** A statement whose result is one row with one column, the text `answer`. */
export interface AnswerStatement {
  /** Of the prepared statement; without a name it is not kept. */
  readonly name?: string | undefined;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What a query of its own calls of the connection of a client of `pg`, as pg-cursor and pg-query-stream do. */
interface Connection {
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
  readonly stream: { cork?(): void; uncork?(): void };
  parse(statement: { readonly name: string | undefined; readonly text: string }): void;
  bind(values: { readonly statement: string | undefined; readonly values: readonly (string | null)[] }): void;
  execute(): void;
  sync(): void;
}

/** Without a result there is an error. */
type Callback = (error: unknown, result?: StatementResult) => void;

/** Whether a client takes queries of others: not in pipeline mode, and not one of another library or a native one. */
export function takesQueries(client: PostgresClient): boolean {
  const { connection, pipeline } = client as {
    readonly connection?: Partial<Connection> | undefined;
    readonly pipeline?: boolean;
  };
  return (
    pipeline !== true &&
    typeof connection?.parsedStatements === "object" &&
    typeof connection.parse === "function" &&
    typeof connection.bind === "function" &&
    typeof connection.execute === "function" &&
    typeof connection.sync === "function"
  );
}

/** Runs the statement on a client that takes queries of others. */
export function queryAnswer(client: PostgresClient, statement: AnswerStatement, callback: Callback): void {
  const query = new AnswerQuery(statement, callback);
  // Not a promise: `pg` gives the query back, and calls it when there is something.
  void client.query(query as unknown as Parameters<PostgresClient["query"]>[0]);
}

/**
 * A query as `pg` takes them beside its own. It does without the description of the result, which is known: with that
 * each statement takes a quarter more of the client's processor time, and some of the server's.
 *
 * It has the fields of a plain query too, and answers as one: an instrumentation may copy those it knows.
 */
class AnswerQuery {
  readonly name: string | undefined;
  readonly text: string;
  readonly values: unknown[];
  /** Set by `pg` when the pool has a `query_timeout`, and by instrumentations. */
  callback: Callback;
  answer: string | null | undefined;

  constructor({ name, text, values }: AnswerStatement, callback: Callback) {
    this.name = name;
    this.text = text;
    this.values = values as unknown[];
    this.callback = callback;
  }

  /** Sends it. An error that is returned comes back through `handleError`. */
  submit(connection: Connection): Error | null {
    const { name, text, values } = this;
    const known = name === undefined ? undefined : connection.parsedStatements[name];
    if (known !== undefined && known !== text)
      return new Error(`The prepared statement ${name} has another text on this connection.`);
    connection.stream.cork?.();
    try {
      if (known === undefined) connection.parse({ name, text });
      connection.bind({ statement: name, values: values.map(parameterOf) });
      connection.execute();
      connection.sync();
    } finally {
      connection.stream.uncork?.();
    }
    return null;
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.answer = fields[0] ?? null;
  }

  handleReadyForQuery(): void {
    const { answer } = this;
    this.callback(null, { rows: answer === undefined ? [] : [{ answer }] });
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleRowDescription(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}

/** As `pg` would send it. */
function parameterOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return null;
  return Array.isArray(value) ? arrayText(value) : String(value);
}

function arrayText(values: readonly unknown[]): string {
  const elements = values.map((value) =>
    value === null || value === undefined
      ? "NULL"
      : `"${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`,
  );
  return `{${elements.join(",")}}`;
}
