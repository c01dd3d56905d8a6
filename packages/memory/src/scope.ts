import { AsyncLocalStorage } from "node:async_hooks";
import type { Session } from "./session/session.ts";

// One for the process, because nested code has no other way to ask for the session. It holds no data itself: each
// asynchronous flow sees only the session of the `run` in which it was started.
const storage: AsyncLocalStorage<Session> = new AsyncLocalStorage<Session>();

/**
 * The session of the innermost `session.run` around this code, also across `await`; `undefined` outside. In a turn of
 * that session, it is the turn's session, whose writes carry the fence.
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

/** Runs the function with this session as the current one. */
export function runInSession<Result>(session: Session, work: () => Result): Result {
  return storage.run(session, work);
}
