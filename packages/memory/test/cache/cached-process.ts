import { createMemory } from "../../src/index.ts";
import { type Act, participantOf } from "./participant.ts";
import { openStore, type ServerKind } from "./servers.ts";

// A process with a cached memory of its own, for `startCachedProcess`.
const [kind, url] = process.argv.slice(2) as [ServerKind, string];
const { store } = await openStore(kind, url);
const participant = participantOf(createMemory({ store, cache: true }));

process.on("message", ({ id, act }: { readonly id: number; readonly act: Act }) => {
  void participant.act(act).then((done) => process.send?.({ id, done }));
});
process.on("disconnect", () => process.exit());
process.send?.({ id: 0, done: {} });
