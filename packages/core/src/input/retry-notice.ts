import { channel } from "node:diagnostics_channel";
import { MemoryError, type MemoryErrorCode } from "../memory-error.ts";

/** The channel of `node:diagnostics_channel` on which a `RetryNotice` is published before each further try. */
export const retryChannel = "relevo:retry";

/** A call failed and is tried again. A try that succeeds in the end leaves no other trace of those before it. */
export interface RetryNotice {
  /** What is tried again: a fixed word of the code that retries, such as `redis` or `document-update`. */
  readonly name: string;
  /** Which try has failed, from 1. */
  readonly attempt: number;
  /** Why; `undefined` for an error of another library. */
  readonly code: MemoryErrorCode | undefined;
}

const retries = channel(retryChannel);

/** Publishes a retry. Subscribers run at once, in the asynchronous context of the call; without one it costs nothing. */
export function noteRetry(name: string, attempt: number, error: unknown): void {
  if (!retries.hasSubscribers) return;
  const notice: RetryNotice = { name, attempt, code: MemoryError.isInstance(error) ? error.code : undefined };
  retries.publish(notice);
}
