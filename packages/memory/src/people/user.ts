import type { CallOptions, ListSessionsOptions, Page, SessionHead } from "@relevo/core";
import type { KeyedMemory } from "../agents/agent-memory.ts";
import type { EraseOptions, EraseReport } from "../erasure/erase-report.ts";
import type { ExportProgressOptions } from "../portability/export-data.ts";

export interface UserSessionsOptions extends Omit<ListSessionsOptions, "subject"> {}

/**
 * One person inside a tenant: what is remembered about the person across sessions, and all of the person's data. Nothing is
 * stored until the first write.
 *
 * A write that an erasure of the person overtakes is taken back: `conflict` with `details.conflict` = `erasure` while the
 * erasure runs, and `history-lost` when it ended after this object's first write. `tenant.user(id)` then starts afresh.
 */
export interface User extends KeyedMemory {
  readonly tenant: string;
  readonly id: string;
  /** One page of the sessions whose subject is this person. */
  sessions(options?: UserSessionsOptions): Promise<Page<SessionHead>>;
  /**
   * All of the person's data as lines of JSON: sessions with their forks, the person's memory, what agents keep about the
   * person and have learned in these sessions. As `tenant.export({ user: id })`, which says more.
   */
  export(options?: ExportProgressOptions): AsyncIterable<string>;
  /** As `tenant.erase({ user: id })`. */
  erase(options?: EraseOptions): Promise<EraseReport>;
}

/** The memory of the person that a session belongs to. */
export interface SessionUser extends KeyedMemory {
  readonly tenant: string;
  /**
   * The subject of the session.
   *
   * @throws `not-found` when it has none; `denied` when the session object was opened with another one.
   */
  id(options?: CallOptions): Promise<string>;
}
