import type { SessionAddress } from "../address.ts";
import type { StoredEvent } from "../events.ts";
import type { Limits } from "../limits.ts";
import type { SessionObject, SessionReference, SessionWriteGuard } from "../ports/session-reference.ts";
import { historyLost } from "./conflict.ts";
import { readInput, requireObject } from "./fields.ts";
import { admitSessionAddress } from "./ids.ts";
import { rangesOf } from "./ranges.ts";

/** A checked reference to a session. Its incarnation and fence are read again at each use. */
export interface AdmittedSession extends SessionObject {
  readonly withGuard: NonNullable<SessionObject["withGuard"]>;
  /**
   * Performs a read. What counts is the incarnation that was known when it began: a first write that ends meanwhile
   * does not make its answer outdated.
   *
   * @throws `history-lost` when the session was known to be of another incarnation than the one that was read.
   */
  reading<Result extends { readonly incarnation?: string | undefined } | undefined>(
    read: () => Promise<Result>,
  ): Promise<Result>;
  /** Tells the turn of the session, if there is one, that these events were read. A tombstone shows nothing. */
  noteSeen(events: readonly StoredEvent[]): void;
}

/**
 * Checks a reference to a session, for features that read its log or write to it. The incarnation and the fence are
 * read again at each use, so that a session created, or a lease acquired, after this call counts. Without `limits` the
 * log checks the names.
 *
 * @throws `invalid-input` that names the field.
 */
export function admitSession(
  session: SessionReference,
  field: string = "session",
  limits?: Limits,
): AdmittedSession {
  requireObject(session, field);
  const given = readInput(field, () => addressOf(session));
  const address = limits === undefined ? given : admitSessionAddress(given, limits);
  const object: SessionObject | undefined = readInput(field, () =>
    "address" in session ? session : undefined,
  );
  const admitted: AdmittedSession = {
    address,
    get incarnation() {
      return readInput(field, () => session.incarnation);
    },
    get fence() {
      return readInput(field, () => session.fence);
    },
    get currentTurn() {
      return readInput(field, () => object?.currentTurn);
    },
    withGuard: async <Result extends { readonly incarnation?: string } | undefined>(
      write: (guard: SessionWriteGuard) => Promise<Result>,
    ): Promise<Result> => {
      if (object?.withGuard !== undefined) return await object.withGuard(write);
      const { incarnation, fence } = admitted;
      return await write({
        ...(incarnation === undefined ? {} : { incarnation }),
        ...(fence === undefined ? {} : { fence }),
      });
    },
    async reading(read) {
      const meant = admitted.incarnation;
      const result = await read();
      if (meant !== undefined && meant !== result?.incarnation) throw historyLost("ended");
      return result;
    },
    noteSeen(events) {
      const turn = admitted.currentTurn;
      if (turn === undefined) return;
      turn.noteSeen(rangesOf(events.flatMap(({ seq, erasedAt }) => (erasedAt === undefined ? [seq] : []))));
    },
  };
  return admitted;
}

/** Only the address: session objects have many other properties. */
function addressOf(session: SessionReference): SessionAddress {
  const { tenant, session: id } = "address" in session ? session.address : session;
  return { tenant, session: id };
}
