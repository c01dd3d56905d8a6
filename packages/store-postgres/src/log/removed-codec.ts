import { MemoryError } from "@relevo/core";
import type { RemovedRange } from "@relevo/core/store";

const whole = /^(?:\d+:\d+-\d+(?:;|$))*$/u;

/** What was removed, as the slot keeps it: `revision:from-to` for each range, joined by `;`. */
export function encodeRemoved(removed: readonly RemovedRange[]): string {
  return removed.map(({ revision, from, to }) => `${revision}:${from}-${to}`).join(";");
}

/** @throws `corrupt` */
export function decodeRemoved(text: string): readonly RemovedRange[] {
  if (!whole.test(text)) {
    throw new MemoryError("corrupt", "What was removed from a session is not in the form that was written.");
  }
  return Array.from(text.matchAll(/(\d+):(\d+)-(\d+)/gu), ([, revision, from, to]) => ({
    from: Number(from),
    to: Number(to),
    revision: Number(revision),
  }));
}
