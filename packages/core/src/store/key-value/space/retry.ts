import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { abortError } from "../../../input/numbers.ts";

/** Names one attempt at a commit. */
export function newToken(): string {
  return randomBytes(9).toString("base64url");
}

/** Waits a random time that grows with the attempts, so that writers who met do not meet again. @throws `aborted` */
export async function pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
  const longest = Math.min(2 ** attempt, 64);
  try {
    await setTimeout(Math.random() * longest, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw signal?.aborted === true ? abortError(signal) : error;
  }
}
