import { createMemory } from "../../src/index.ts";
import { openStore, type ServerKind } from "../cache/servers.ts";
import { runChatTurn, type TurnJob } from "./chat-turn.ts";
import { mortal } from "./mortal-store.ts";

// A process that runs turns, and is killed after one of its calls to the store.

const [kind, url] = process.argv.slice(2) as [ServerKind, string];
const { store } = await openStore(kind, url);

process.on("message", async ({ diesAfter, ...turn }: TurnJob) => {
  const die = (): void => void process.kill(process.pid, "SIGKILL");
  const mortalStore = mortal(store, { calls: 0, last: diesAfter, die });
  process.send?.(await runChatTurn(createMemory({ store: mortalStore }), turn));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
