import { clearTimeout, setTimeout } from "node:timers";
import {
  type CallOptions,
  type DocumentAddress,
  type DocumentStore,
  type EventLog,
  type HandoffRecord,
  type Leases,
  MemoryError,
  type SessionAddress,
} from "@relevo/core";
import { type AdmittedSession, maxTimerMs } from "@relevo/core/input";
import { callWithin, isMemoryDown } from "./call-memory.ts";

export interface LivenessSettings {
  readonly log: EventLog;
  readonly documents: DocumentStore | undefined;
  readonly leases: Leases | undefined;
  /** How long a sign stays without being renewed, in milliseconds. */
  readonly signOfLifeMs: number;
  /** The longest that one call may take. */
  readonly timeoutMs: number;
  /** Told when a sign cannot be given or renewed, once until it succeeds again. */
  readonly report: (error: unknown, session: SessionAddress) => void;
}

/** The sign that one running handoff gives. */
export interface SignOfLife {
  /** What the start says of it; absent when there is no sign. */
  readonly liveness: HandoffRecord["liveness"];
  /** Lets the sign expire. */
  end(): void;
}

/** Where the sign of a handoff is: a session document, which moves neither the version nor the idle time. */
export function signAddress(session: SessionAddress, handoffId: string): DocumentAddress {
  return { ...session, namespace: ["relevo", "handoffs"], key: handoffId };
}

/** Of a handoff that gives none. */
export const noSign: SignOfLife = { liveness: undefined, end: () => undefined };

/**
 * Shows that a handoff runs, before its start is recorded: others must never see a start without its sign. Within a turn
 * the lease is the sign and costs nothing; otherwise it is a document that this process renews. A sign that cannot be
 * given is reported, and the handoff runs without one.
 */
export async function giveSign(
  settings: LivenessSettings,
  session: AdmittedSession,
  handoffId: string,
  call: CallOptions & { readonly incarnation?: string | undefined },
): Promise<SignOfLife> {
  const { documents, leases, signOfLifeMs: ttlMs, timeoutMs, log } = settings;
  const fence = fenceOf(session);
  if (fence !== undefined && leases !== undefined) return { ...noSign, liveness: { fence } };
  if (documents === undefined) return noSign;
  const address = signAddress(session.address, handoffId);
  const value = { handoffId };
  let incarnation: string | undefined;
  try {
    const stored = await session.withGuard(({ ttlMs: sessionTtlMs, ...own }) => {
      // A sign must not bring back a session that the caller knows to be another one.
      const guard = call.incarnation === undefined ? own : { incarnation: call.incarnation, ...own };
      return callWithin(timeoutMs, call.signal, "unknown", async (signal) => {
        const sign = await documents.put(address, { value, ttlMs }, { ...guard, signal });
        // A put that creates the session cannot set its lifetime.
        const isFirst = guard.incarnation === undefined && sign.incarnation !== undefined;
        if (isFirst && sessionTtlMs !== undefined) {
          const { incarnation } = sign;
          await log.touch(session.address, {
            ...(incarnation && { incarnation }),
            ttlMs: sessionTtlMs,
            signal,
          });
        }
        return sign;
      });
    });
    incarnation = stored.incarnation;
  } catch (error) {
    // A lost lease or an ended session fails the start itself.
    if (isMemoryDown(error)) settings.report(error, session.address);
    return noSign;
  }
  const guard = incarnation === undefined ? {} : { incarnation };
  return {
    liveness: { ttlMs },
    end: repeatEvery(
      ttlMs / 3,
      async () => {
        await callWithin(timeoutMs, undefined, "unknown", async (signal) => {
          const renewed = await documents.touch(address, { ttlMs, ...guard, signal });
          // A process that slept for longer than the sign lasts gives it again.
          if (renewed === undefined) await documents.put(address, { value, ttlMs }, { ...guard, signal });
        });
      },
      (error) => settings.report(error, session.address),
    ),
  };
}

/** A session of the caller's whose getter throws fails the start itself. */
function fenceOf(session: AdmittedSession): number | undefined {
  try {
    return session.fence;
  } catch {
    return undefined;
  }
}

/**
 * Repeats the work until it is told to stop. A failure is reported, those that follow it are not until one succeeds; when
 * the session has ended there is nothing left to do. Does not keep the process alive.
 */
function repeatEvery(
  intervalMs: number,
  work: () => Promise<void>,
  report: (error: unknown) => void,
): () => void {
  let isFailing = false;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const next = (): void => {
    timer = setTimeout(once, Math.min(intervalMs, maxTimerMs));
    timer.unref();
  };
  const once = async (): Promise<void> => {
    try {
      await work();
      isFailing = false;
    } catch (error) {
      if (MemoryError.isInstance(error, "history-lost") || isOver) return;
      if (!isFailing) report(error);
      isFailing = true;
    }
    if (!isOver) next();
  };
  next();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/** Does the work before a handoff starts, and ends its sign if that fails. */
export async function orEnd<Result>(sign: Promise<SignOfLife>, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    (await sign).end();
    throw error;
  }
}
