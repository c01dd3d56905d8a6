import { Session } from "node:inspector/promises";
import { createConversationPool } from "./conversation-pool.ts";
import type { CpuProfile } from "./cpu-profile.ts";
import { runSlice } from "./run-slice.ts";
import type { TurnGroup } from "./turn-subject.ts";

export interface ProfileOptions {
  readonly history: number;
  readonly turns: number;
  /** Sessions at once. */
  readonly lanes: number;
}

/**
 * A CPU profile of Relevo's turns on a store, without what comes before: servers, conversations, and as many turns to
 * warm up. A string instead says why it cannot be taken here.
 */
export async function profileTurns(
  group: TurnGroup,
  { history, turns, lanes }: ProfileOptions,
): Promise<CpuProfile | string> {
  const server = await group.start();
  if (typeof server === "string") return server;
  await using stack = new AsyncDisposableStack();
  stack.use(server);
  const { subjects } = stack.use(await group.open(server.url));
  const subject = subjects.find(({ name }) => name === "Relevo");
  if (subject === undefined) throw new Error(`${group.title} has no Relevo.`);
  const pool = createConversationPool(subject, history, "profile");
  await pool.prepare(lanes, turns);
  await server.settle?.();
  await runSlice(subject, pool, { lanes, turns });
  await pool.prepare(lanes, turns);
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: 200 });
    await session.post("Profiler.start");
    const { clientMs } = await runSlice(subject, pool, { lanes, turns });
    const { profile } = await session.post("Profiler.stop");
    return { ...profile, turns, processorMs: clientMs };
  } finally {
    session.disconnect();
  }
}
