import { MemoryError, type MemoryErrorCode } from "@relevo/core";
import { abortError } from "@relevo/core/input";
import { Interrupted } from "./deadline.ts";

/** The server answered a commit by rolling back. */
export class RolledBack extends Error {
  override readonly name: string = "RolledBack";

  constructor() {
    super("The transaction was rolled back instead of committed.");
  }
}

/** A connection that was not used, as it was found to be unusable. */
export class NotUsable extends Error {
  override readonly name: string = "NotUsable";
}

/** What the work of a transaction threw by itself: no error of a client, to be thrown on unchanged. */
export class WorkFailed extends Error {
  override readonly name: string = "WorkFailed";

  constructor(cause: unknown) {
    super("The work of a transaction threw.", { cause });
  }
}

/** What is done about an error of a client. */
export interface Diagnosis {
  readonly code: MemoryErrorCode;
  readonly message: string;
  /** True when the server or the way to it says that nothing was applied, wherever the attempt was. */
  readonly refused: boolean;
  /** True when the same attempt may well pass in a moment. */
  readonly passing: boolean;
}

const migrateHint = "Run migratePostgres() with a role that owns the schema.";

/** By SQLSTATE (PostgreSQL's documentation, appendix A), the whole code before its class. */
const bySqlState: Readonly<Record<string, Diagnosis>> = {
  "40001": refusal("unavailable", "The transaction could not be serialized.", true),
  // An operation that another call took at the same moment: the next attempt finds it. What none finds stands there.
  "23505": refusal(
    "corrupt",
    "A row stands where the next one belongs: somebody changed the tables, or restored a part of them.",
    true,
  ),
  "40P01": refusal("unavailable", "The transaction was the victim of a deadlock.", true),
  "40003": lost("Nobody knows whether the transaction was completed."),
  "40": refusal("unavailable", "The transaction was rolled back.", true),
  "55P03": refusal("timeout", "Another transaction kept a lock for too long."),
  "57014": refusal("timeout", "The server cancelled the statement: it ran for too long."),
  // A backend that is ended may have been about to answer a commit.
  "57P01": lost("The server ended the connection: it is being shut down, or somebody terminated it."),
  "57P02": lost("The server ended the connection after another of its processes crashed."),
  "57P03": refusal("unavailable", "The server does not take connections yet.", true),
  "57P05": lost("The server ended the connection because it was idle."),
  "53300": refusal("unavailable", "The server has no connection left.", true),
  "53400": refusal("unavailable", "A limit in the server's configuration was passed."),
  "53": refusal("unavailable", "The server is out of memory or disk space."),
  "25006": refusal(
    "unavailable",
    "The server takes no writes: it is a read-only replica or in recovery, or default_transaction_read_only is on for the role or the database.",
  ),
  "25P02": refusal(
    "unavailable",
    "The connection was handed out within a transaction that had failed. Whoever shares the pool must end theirs.",
    true,
  ),
  "25P03": lost("The server ended the connection because its transaction was idle."),
  "26000": refusal(
    "unavailable",
    "A prepared statement is gone. Behind a pooler, set preparedStatements: false.",
    true,
  ),
  "0A000": refusal("unavailable", "The schema changed below a prepared statement.", true),
  "42P05": refusal(
    "unavailable",
    "A prepared statement is there twice. Behind a pooler, set preparedStatements: false.",
  ),
  "42501": refusal(
    "denied",
    "The role may not do this. Migrate again as the owner of the schema, which grants what is missing.",
  ),
  "42P01": refusal("unsupported", `A table is missing. ${migrateHint}`),
  "42883": refusal("unsupported", `A function is missing. ${migrateHint}`),
  "42703": refusal("unsupported", `A column is missing. ${migrateHint}`),
  "42704": refusal("unsupported", `A role or type is missing. ${migrateHint}`),
  "3F000": refusal("unsupported", `The schema is missing. ${migrateHint}`),
  "3D000": refusal("unavailable", "The database does not exist."),
  // What callers pass is admitted before, so what cannot be read is what was stored.
  "22": refusal(
    "corrupt",
    "A stored value does not have the form that was written. Somebody changed the table.",
  ),
  "28": refusal("denied", "The server refused the role or its password."),
  "54": refusal("too-large", "The server refused the statement: it passes one of its limits."),
  "58": lost("The server failed to read or write its files."),
  "08": lost("The connection to the server was lost."),
  XX001: refusal("corrupt", "The server found damaged data."),
  XX002: refusal("corrupt", "The server found a damaged index."),
};

function refusal(code: MemoryErrorCode, message: string, passing = false): Diagnosis {
  return { code, message, refused: true, passing };
}

function lost(message: string): Diagnosis {
  return { code: "unavailable", message, refused: false, passing: true };
}

/** The same state as for a table, but said while connecting. */
const mayNotConnect = refusal(
  "denied",
  "The role may not connect to the database. Its owner or a superuser has to grant it connect on that database.",
);

/** What the operating system says before a connection stands. Nothing can have been applied. */
const neverConnected: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
]);

/** What Node says of a certificate, before anything is sent. */
const distrusted = /^(?:ERR_TLS_CERT|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH)/u;

export function diagnose(error: unknown): Diagnosis {
  if (error instanceof RolledBack || error instanceof NotUsable) {
    return refusal("unavailable", error.message, true);
  }
  const state = sqlStateOf(error);
  if (state === "42501" && (error as { severity: unknown }).severity === "FATAL") return mayNotConnect;
  if (state !== undefined) {
    return (
      bySqlState[state] ??
      bySqlState[state.slice(0, 2)] ??
      refusal("unavailable", `The server answered with SQLSTATE ${state}.`)
    );
  }
  const code = codeOf(error);
  if (code !== undefined && neverConnected.has(code)) {
    return refusal("unavailable", `The server cannot be reached (${code}).`, true);
  }
  if (code !== undefined && distrusted.test(code)) {
    return refusal(
      "unavailable",
      `The certificate of the server is not trusted (${code}). Name the provider's own authority in the address, sslmode=verify-full&sslrootcert=FILE, or in the pool's ssl.ca.`,
    );
  }
  return lost("The connection to the server was lost.");
}

/**
 * The error that a caller sees. `outcome` is of all attempts together: the last one may have been refused, and one
 * before it that lost its connection may have taken effect.
 */
export function toMemoryError(error: unknown, outcome: "not-applied" | "unknown"): MemoryError {
  if (MemoryError.isInstance(error)) return error;
  if (error instanceof Interrupted) return interruption(error, outcome);
  const { code, message } = diagnose(error);
  const state = sqlStateOf(error);
  return new MemoryError(code, message, {
    outcome,
    // The statement's text and values stay in the cause: they may be a user's.
    cause: error,
    ...(state === undefined ? {} : { details: { sqlState: state } }),
  });
}

function interruption({ reason, cause }: Interrupted, outcome: "not-applied" | "unknown"): MemoryError {
  if (reason === "aborted") return abortError({ reason: cause } as AbortSignal, outcome);
  return new MemoryError("timeout", "The call did not end by its deadline.", { outcome });
}

/** The five characters by which the server says what is wrong; `undefined` when it was not the server that spoke. */
export function sqlStateOf(error: unknown): string | undefined {
  // EPIPE has five capital letters too; only what the server sent has a severity.
  if (typeof (error as { severity?: unknown } | null | undefined)?.severity !== "string") return undefined;
  const code = codeOf(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Whether the connection can go on being used: the server answered in order, or our own code threw. */
export function connectionSurvives(error: unknown): boolean {
  if (MemoryError.isInstance(error) || error instanceof RolledBack || error instanceof WorkFailed)
    return true;
  const state = sqlStateOf(error);
  // 25P02: somebody's failed transaction is open on it, and would be for all that come after. The last two are about a
  // statement that this connection has prepared and must forget.
  return state !== undefined && !/^(57P|08|25P02|25P03|26000|0A000)/.test(state);
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
