import type { SessionAddress } from "../address.ts";
import type { AppendOptions, SessionGuard } from "./event-log.ts";

/** What a write in a session's name has to pass to its log. */
export type SessionWriteGuard = Omit<SessionGuard, "signal"> & Pick<AppendOptions, "ttlMs">;

/** A session as an object, such as one of `@relevo/memory`, for packages that write to its log by themselves. */
export interface SessionObject {
  readonly address: SessionAddress;
  /** The incarnation that is meant; `undefined` while none is known. */
  readonly incarnation?: string | undefined;
  /** The token of the lease under which the object writes, as in a turn. */
  readonly fence?: number | undefined;
  /**
   * Performs one write with what this session has to name: the incarnation that it knows, or what it is created with
   * while it knows none; its fence; its lifetime. It learns the incarnation from the result. Left out, a write names
   * `incarnation` and `fence`.
   */
  withGuard?<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionWriteGuard) => Promise<Result>,
  ): Promise<Result>;
}

/**
 * What names a session wherever one is read or recorded: its object, or its address, with the incarnation and the fence
 * that are meant where they are known. A bare address means whatever session lives there, under any lease.
 */
export type SessionReference =
  | SessionObject
  | (SessionAddress & Pick<SessionObject, "incarnation" | "fence">);
