import type { SessionAddress } from "../address.ts";
import type { SeqRange } from "../events.ts";
import type { JsonObject } from "../json.ts";
import type { AppendOptions, SessionGuard } from "./event-log.ts";

/** The options that a write on behalf of a session passes to its log. */
export type SessionWriteGuard = Omit<SessionGuard, "signal"> & Pick<AppendOptions, "ttlMs">;

/** A turn of a session, for packages that read and write its log themselves. */
export interface SessionTurn {
  /** What every event that is appended in the turn has in its metadata. */
  readonly metadata: JsonObject;
  /** Events with this metadata up to this `seq` are of an earlier run of the turn, which did not end. */
  readonly after: number;
  /** Notes which events were read: the recorded result of the turn may repeat them, and is erased with them. */
  noteSeen(ranges: readonly SeqRange[]): void;
}

/** A session object, such as one of `@relevo/memory`, for packages that write to its log themselves. */
export interface SessionObject {
  readonly address: SessionAddress;
  /** The incarnation of the session; `undefined` while none is known. */
  readonly incarnation?: string | undefined;
  /** The token of the lease under which the object writes, as in a turn. */
  readonly fence?: number | undefined;
  /** The turn in which the object reads and writes; `undefined` outside of one. */
  readonly currentTurn?: SessionTurn | undefined;
  /**
   * Performs one write on behalf of this session. It passes the known incarnation, or the initial subject and metadata
   * while none is known, with the fence and the lifetime, and learns the incarnation from the result, and of an append in
   * a turn which events are new. Left out, writes use `incarnation` and `fence`.
   */
  withGuard?<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionWriteGuard) => Promise<Result>,
  ): Promise<Result>;
}

/**
 * Identifies a session to read or to record in: a session object, or an address with the incarnation and the fence if
 * they are known. A bare address means whichever session currently has that address, under any lease.
 */
export type SessionReference =
  | SessionObject
  | (SessionAddress & Pick<SessionObject, "incarnation" | "fence">);
