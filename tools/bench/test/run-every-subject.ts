import { expect } from "vitest";
import { turnGroups } from "../src/turn/turn-groups.ts";
import { createTurnProcess } from "../src/turn/turn-process.ts";

/** Runs a few turns of each subject of a group in a process of its own, on the group's own server. */
export async function runEverySubject(name: string): Promise<void> {
  const group = turnGroups()[name];
  if (group === undefined) throw new Error(`There is no group ${name}.`);
  const server = await group.start();
  if (typeof server === "string") throw new Error(server);
  await using _server = server;
  await using turns = createTurnProcess([group], "test");
  const subjects = await turns.open(group.title, server.url);
  expect(subjects).toContain("Relevo");
  for (const [subject] of subjects.entries()) {
    const request = { subject, history: 30, lanes: 3, turns: 12 };
    await turns.prepare(request);
    // Each turn is refused unless it shows its own question last, and 20 messages at most.
    expect(await turns.run(request)).toMatchObject({ turns: 12 });
  }
  await server.settle?.();
}
