import type { Lease } from "@relevo/core";
import { createMemory, type MemoryStore } from "../../src/index.ts";
import { openStore, type ServerKind } from "../cache/servers.ts";
import { runChatTurn, type TurnJob } from "./chat-turn.ts";

// A process that runs turns, and is killed after one of its calls to the store.

/** The store, which kills this process after the call with this number. */
function mortal(store: MemoryStore, last: number | undefined): MemoryStore {
  let calls = 0;
  const around = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          const isLast = ++calls === last;
          const result: unknown = await Reflect.apply(member, target, args);
          if (isLast) process.kill(process.pid, "SIGKILL");
          // A copy, because no proxy may show other members than a frozen lease has.
          return name === "acquire" ? around({ ...(result as Lease) }) : result;
        };
      },
    });
  const { limits, log, documents, leases } = store;
  return { limits, log: around(log), documents, ...(leases === undefined ? {} : { leases: around(leases) }) };
}

const [kind, url] = process.argv.slice(2) as [ServerKind, string];
const { store } = await openStore(kind, url);

process.on("message", async ({ diesAfter, ...turn }: TurnJob) => {
  process.send?.(await runChatTurn(createMemory({ store: mortal(store, diesAfter) }), turn));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
