import type { PostgresClient, PostgresPool } from "./clients.ts";
import { NotUsable } from "./errors.ts";

/** A client of a pool, watched from the moment at which the pool lets go of it. Release it. */
export interface Checkout {
  readonly client: PostgresClient;
  /** True from before a `begin` is sent until the transaction has ended; such a client never goes back to the pool. */
  inTransaction: boolean;
  /** @throws what broke the connection since it was taken, or `NotUsable`: nothing was sent on it yet. */
  requireUsable(): void;
  /** Gives the client back, or destroys it: when told to, when it broke, and within a transaction. */
  release(destroy: boolean): void;
}

/**
 * Takes a client out of the pool. The pool takes its own listener off when it hands a client out, and the packet that
 * made the connection ready, or that answered its last user, may go on with the error that ends it. So ours has to be
 * there in the same tick, which only the callback form allows: a promise resolves too late, and an error that nobody
 * listens to ends the process.
 */
export function checkOut(pool: PostgresPool, callback: (error: unknown, checkout?: Checkout) => void): void {
  pool.connect((error, client) => {
    if (client === undefined) callback(error ?? new NotUsable("The pool gave out no client."));
    else callback(undefined, watch(client));
  });
}

function watch(client: PostgresClient): Checkout {
  let failure: Error | undefined;
  const onError = (error: Error): void => {
    failure ??= error;
  };
  client.on("error", onError);
  // Whoever had it before may not have ended its transaction: what we did in there would be undone with it.
  const status = client.getTransactionStatus?.();
  const leftOpen = status === "T" || status === "E";
  return {
    client,
    inTransaction: leftOpen,
    requireUsable() {
      if (failure !== undefined) throw failure;
      if (leftOpen) throw new NotUsable("The pool gave out a connection within an open transaction.");
    },
    release(destroy) {
      client.removeListener("error", onError);
      client.release(destroy || this.inTransaction || failure !== undefined);
    },
  };
}
