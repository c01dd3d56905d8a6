import { MemoryError } from "@relevo/core";
import type { PGlite } from "kysely";
import { systemCodeOf } from "./explain-folder.ts";

/** What is called of a PGlite beyond what Kysely knows of it. Every statement goes through this method of it. */
export interface GuardablePglite extends PGlite {
  readonly fs?: { closeFs(): Promise<void> };
  execProtocolStream(message: Uint8Array, options?: unknown): Promise<unknown[]>;
}

export interface PgliteGuard {
  /** Refuses all further statements with this error. */
  stop(reason: MemoryError): void;
  /** Why the database takes no more statements. */
  readonly stopped: MemoryError | undefined;
}

/**
 * Keeps a database that has crashed from being used. A server ends after a PANIC, such as a write-ahead log that finds
 * no room, and recovers when it starts again. PGlite goes on, and its next statement never returns: it spins for a lock
 * that nobody will release, and the whole process with it.
 */
export function guardPglite(pglite: GuardablePglite): PgliteGuard {
  const run = pglite.execProtocolStream.bind(pglite);
  let stopped: MemoryError | undefined;

  pglite.execProtocolStream = async (message, options) => {
    if (stopped !== undefined) {
      // Sent behind a failure, and has to leave that as it is.
      if (isCleanup(message)) return [];
      throw again(stopped);
    }
    try {
      return await run(message, options);
    } catch (cause) {
      if (!isCrash(cause)) throw cause;
      stopped = crashed(cause);
      throw stopped;
    }
  };

  return {
    stop(reason) {
      stopped ??= reason;
    },
    get stopped() {
      return stopped;
    },
  };
}

function isCrash(error: unknown): boolean {
  const severity = (error as { readonly severity?: unknown } | null | undefined)?.severity;
  return severity === "PANIC" || severity === "FATAL";
}

function crashed(cause: unknown): MemoryError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new MemoryError(
    "unavailable",
    `The embedded database has stopped: ${message}. Close the store, remove the cause, and open the folder again; what was acknowledged is recovered then.`,
    {
      cause,
      outcome: "unknown",
      retryable: false,
      details: { code: systemCodeOf(message, cause) ?? "PANIC" },
    },
  );
}

/** For the calls after the one that it happened in: they have done nothing. */
function again({ code, message, details, cause }: MemoryError): MemoryError {
  return new MemoryError(code, message, { cause, details, retryable: false });
}

/** `Sync`, which ends what was sent of a statement, or a simple query that rolls back. */
function isCleanup(message: Uint8Array): boolean {
  const [kind] = message;
  return (
    kind === 0x53 || (kind === 0x51 && Buffer.from(message.subarray(5)).toString().startsWith("ROLLBACK"))
  );
}
