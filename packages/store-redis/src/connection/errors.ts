import { MemoryError, type MemoryErrorCode, type Outcome } from "@relevo/core";

/** What one kind of refusal means for a caller. */
interface Meaning {
  readonly code: MemoryErrorCode;
  readonly outcome: Outcome;
  readonly message: string;
  /** Whether the same call may be sent again at once: the server did nothing, and will soon do it. */
  readonly passing?: true;
}

/**
 * Redis names its errors by the first word of the reply (https://redis.io/docs/latest/develop/reference/protocol-spec/).
 * A script that was refused with one of these has written nothing: all checks stand before the first write.
 */
const replies: Readonly<Record<string, Meaning>> = {
  OOM: {
    code: "unavailable",
    outcome: "not-applied",
    message: "Redis has no memory left (maxmemory). Free some, or give it more.",
  },
  MISCONF: {
    code: "unavailable",
    outcome: "not-applied",
    message: "Redis refuses writes, because it cannot save to its disk.",
  },
  READONLY: {
    code: "unavailable",
    outcome: "not-applied",
    message: "This Redis is a replica, and takes no writes. Connect to the master.",
    passing: true,
  },
  LOADING: {
    code: "unavailable",
    outcome: "not-applied",
    message: "Redis is still loading its data.",
    passing: true,
  },
  BUSY: {
    code: "unavailable",
    outcome: "not-applied",
    message: "Redis is busy running another script.",
    passing: true,
  },
  TRYAGAIN: {
    code: "unavailable",
    outcome: "not-applied",
    message: "The keys are being moved between the nodes of the Cluster.",
    passing: true,
  },
  CLUSTERDOWN: {
    code: "unavailable",
    outcome: "not-applied",
    message: "The Cluster is down: no master answers for these keys.",
    passing: true,
  },
  MASTERDOWN: {
    code: "unavailable",
    outcome: "not-applied",
    message: "The replica has lost its master.",
    passing: true,
  },
  NOREPLICAS: {
    code: "unavailable",
    outcome: "not-applied",
    message: "Redis refuses writes, because too few replicas are connected (min-replicas-to-write).",
  },
  MOVED: {
    code: "unavailable",
    outcome: "not-applied",
    message: "The client is connected to one node of a Cluster. Pass a client made by createCluster().",
  },
  NOAUTH: { code: "denied", outcome: "not-applied", message: "Redis wants a password." },
  WRONGPASS: { code: "denied", outcome: "not-applied", message: "Redis does not accept the password." },
  NOPERM: {
    code: "denied",
    outcome: "not-applied",
    message: "This Redis user may not run the commands of the store, or not on its keys.",
  },
  WRONGTYPE: {
    code: "corrupt",
    outcome: "not-applied",
    message: "A key of the store holds something else. Another program writes below the same prefix.",
  },
  CROSSSLOT: {
    code: "unsupported",
    outcome: "not-applied",
    message: "The keys of one unit are on different nodes. The proxy before Redis does not know hash tags.",
  },
};

/**
 * The name of an error reply; `undefined` when the error did not come from the server. Before Redis 7 what a command
 * of a script was refused with stands behind the script's own error:
 * `ERR Error running script (call to f_…): @user_script:9: @user_script: 9: -OOM command not allowed …`.
 */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const inner = /^ERR Error running script .*?@user_script: ?\d+: -([A-Z]+) /su.exec(error.message)?.[1];
  return inner ?? /^([A-Z][A-Z0-9]+)(?: |$)/u.exec(error.message)?.[1];
}

/** True when the server has done nothing yet and is worth asking again. */
export function isPassing(error: unknown): boolean {
  const code = replyCode(error);
  return code !== undefined && replies[code]?.passing === true;
}

/** What the client says of a command that it has not taken, so that the server cannot have seen it. */
const notTaken: ReadonlySet<string> = new Set(["ClientClosedError", "ClientOfflineError"]);

function isNotTaken(error: unknown): boolean {
  return error instanceof Error && notTaken.has(error.constructor.name);
}

/** True when the call may have reached the server, and nobody knows. */
export function isConnectionLoss(error: unknown): boolean {
  if (MemoryError.isInstance(error) || error instanceof TypeError) return false;
  return replyCode(error) === undefined && !isNotTaken(error);
}

/**
 * The one place where errors of the client and the server become Relevo's. `doubtful` says that the call may have
 * changed something although its answer, or that of an attempt before it, was lost.
 */
export function mapError(error: unknown, doubtful: boolean): MemoryError {
  if (MemoryError.isInstance(error)) return error;
  const code = replyCode(error);
  const meaning = code === undefined ? undefined : replies[code];
  if (meaning !== undefined) {
    return new MemoryError(meaning.code, meaning.message, {
      outcome: doubtful ? "unknown" : meaning.outcome,
      details: { reply: code ?? "" },
      cause: error,
    });
  }
  if (code !== undefined) {
    return new MemoryError("corrupt", `Redis answered with an error that the store does not know: ${code}.`, {
      outcome: "unknown",
      details: { reply: code },
      cause: error,
    });
  }
  const message = isNotTaken(error)
    ? "The client of Redis is closed or not connected, and took nothing."
    : "The connection to Redis was lost, or there is none.";
  return new MemoryError("unavailable", message, {
    outcome: doubtful ? "unknown" : "not-applied",
    cause: error,
  });
}
