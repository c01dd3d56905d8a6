import { AsyncLocalStorage } from "node:async_hooks";
import type { Session } from "./session.ts";

// One for the process, because code deep inside a run has nothing else in its hands to ask. It holds no data of
// its own: each asynchronous flow sees the session of the `run` that it was started in, and no other.
const storage: AsyncLocalStorage<Session> = new AsyncLocalStorage<Session>();

/**
 * The session of the innermost `session.run` around this code, also across `await`; `undefined` outside of one. In a
 * turn of that session it is the turn's, whose writes carry the lease.
 *
 * @example
 * ```ts
 * await session.run(async () => {
 *   await currentSession()?.working.remember("step", 3);
 * });
 * ```
 */
export function currentSession(): Session | undefined {
  return storage.getStore();
}

/** Runs the function with this session as the current one; what was current before is so again afterwards. */
export function runInSession<Result>(session: Session, work: () => Result): Result {
  return storage.run(session, work);
}
