import { createMemory } from "../../src/index.ts";
import { openStore, type ServerKind } from "../cache/servers.ts";

// A process that records outcomes, many at once and each of them twice.

export interface OutcomeJob {
  readonly tenant: string;
  readonly name: string;
  readonly count: number;
  /** How many are recorded at once. */
  readonly writers: number;
}

const [kind, url] = process.argv.slice(2) as [ServerKind, string];
const { store } = await openStore(kind, url);

process.on("message", async ({ tenant, name, count, writers }: OutcomeJob) => {
  const agent = createMemory({ store, cache: false }).tenant(tenant).agent("planner");
  let next = 0;
  const write = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const outcome = { success: index % 4 !== 0, strategy: `s${index % 3}`, durationMs: index, rating: 4 };
      for (let time = 0; time < 2; time++)
        await agent.recordOutcome(outcome, { operationId: `${name}-${index}` });
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  process.send?.("done");
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
