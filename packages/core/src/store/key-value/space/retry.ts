import { randomBytes } from "node:crypto";
import { sleep } from "../../../input/sleep.ts";

/** Names one attempt at a commit. */
export function newToken(): string {
  return randomBytes(9).toString("base64url");
}

/** Waits a random time that grows with the attempts, so that writers who met do not meet again. @throws `aborted` */
export async function pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(Math.random() * Math.min(2 ** attempt, 64), { signal });
}
