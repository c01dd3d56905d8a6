import type { RemovedRange } from "@relevo/core/store";
import { corruptHead } from "../answers.ts";

const whole = /^(?:\d+:\d+-\d+;)*$/u;

/** What was removed, as scripts keep it: `revision:from-to;` for each range. */
export function encodeRemoved(removed: readonly RemovedRange[]): string {
  return removed.map(({ revision, from, to }) => `${revision}:${from}-${to};`).join("");
}

/** @throws `corrupt` */
export function decodeRemoved(text: string): readonly RemovedRange[] {
  if (!whole.test(text)) throw corruptHead();
  return Array.from(text.matchAll(/(\d+):(\d+)-(\d+);/gu), ([, revision, from, to]) => ({
    from: Number(from),
    to: Number(to),
    revision: Number(revision),
  }));
}
