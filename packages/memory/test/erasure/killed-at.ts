import { MemoryError } from "@relevo/core";
import { expect } from "vitest";
import type { Opened } from "./opened.ts";
import {
  everythingIn,
  killable,
  onlyPlot,
  othersRemain,
  type Plot,
  person,
  plant,
  remaining,
} from "./plant.ts";

/**
 * Plants the canary, erases the person in a process that is killed before one of its calls, and lets another process go on.
 * False when the erasure made fewer calls.
 */
export async function killedAt(
  { memory, stores, reopen }: Opened,
  killAt: number,
  plot: Plot = onlyPlot,
  dump: () => Promise<string> = async () =>
    (await Promise.all(stores.map((store) => everythingIn(store)))).join(),
): Promise<boolean> {
  const { tenant, canary } = plot;
  await plant(memory, stores, plot);
  const door = { calls: 0, killAt };
  const killed = await reopen((store) => killable(store, door))
    .tenant(tenant)
    .user(person)
    .erase()
    .then(
      () => false,
      (error) => MemoryError.isInstance(error, "unavailable") || Promise.reject(error),
    );
  const later = reopen((store) => store).tenant(tenant);
  const resumed = await later.resumeErasures();
  // Before the journal was written, nothing was removed, and nobody knows of the erasure.
  if (killed && resumed.length === 0) {
    if (killAt < 5) expect((await later.sessions({ subject: person })).items).toHaveLength(3);
    await later.user(person).erase();
  }
  expect(await dump(), `killed before call ${killAt}`).not.toContain(canary);
  expect(await othersRemain(memory, plot)).toEqual(remaining);
  expect(await later.resumeErasures()).toEqual([]);
  return killed;
}
