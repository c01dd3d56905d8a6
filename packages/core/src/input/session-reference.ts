import type { SessionAddress } from "../address.ts";
import type { Limits } from "../limits.ts";
import type { SessionObject, SessionReference, SessionWriteGuard } from "../ports/session-reference.ts";
import { historyLost } from "./conflict.ts";
import { readInput, requireObject } from "./fields.ts";
import { admitSessionAddress } from "./ids.ts";

/** A session that a caller named, checked. What it knows is read again whenever it is asked for. */
export interface AdmittedSession extends SessionObject {
  readonly withGuard: NonNullable<SessionObject["withGuard"]>;
  /** @throws `history-lost` when this session is known to be another incarnation than the one that was read. */
  requireIncarnation(incarnation: string | undefined): void;
}

/**
 * A session by its object or its address, for features that record into its log or read it. Its incarnation and fence
 * are read anew at each use: a session that is created, or a lease that is taken, after this call counts. Without
 * `limits` the names are left for the log to check.
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
    requireIncarnation(incarnation) {
      const meant = admitted.incarnation;
      if (meant !== undefined && meant !== incarnation) throw historyLost("ended");
    },
  };
  return admitted;
}

/** Only what names the session: an object that has one carries much that no store knows. */
function addressOf(session: SessionReference): SessionAddress {
  const { tenant, session: id } = "address" in session ? session.address : session;
  return { tenant, session: id };
}
