// A client process of the benchmark of turns.
import { serveTurns } from "../bench/dist/turn/fork-turns.js";
import { turnGroups } from "../bench/dist/turn/turn-groups.js";
import { createTurnProcess } from "../bench/dist/turn/turn-process.js";

const [peers, prefix = "client"] = process.argv.slice(2);
const groups = turnGroups(peers === "peers" ? (await import("./turn-peers.ts")).turnPeers : undefined);
serveTurns(createTurnProcess(Object.values(groups), prefix));
