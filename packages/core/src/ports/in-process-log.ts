import type { SessionAddress } from "../address.ts";
import type { EventLog } from "./event-log.ts";

/**
 * A log in the process that uses it, which knows a session's present token without a call. A cache asks it each time
 * and so is as fresh as a read. Synchronous; otherwise another write could happen between the answer and its use.
 */
export interface InProcessLog {
  /** `undefined` when there is no session. */
  presentToken(address: SessionAddress): string | undefined;
}

export function isInProcessLog(log: EventLog): log is EventLog & InProcessLog {
  return "presentToken" in log && typeof log.presentToken === "function";
}
