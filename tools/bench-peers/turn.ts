// Measures a turn on each store beside raw statements and other libraries, which it installs when they are missing.
import { runTurns } from "../bench/dist/turn/run-turns.js";
import { turnGroups } from "../bench/dist/turn/turn-groups.js";
import { admitted, turnOptions, usage } from "../bench/dist/turn/turn-options.js";
import { installPeers } from "./install-peers.ts";

const options = admitted(() => turnOptions(process.argv.slice(2)));
if (options.help) {
  console.log(usage);
} else {
  if (options.peers) installPeers();
  const groups = turnGroups();
  const chosen = options.stores.flatMap((name) => groups[name] ?? []);
  const file = `${import.meta.dirname}/turn-client.ts`;
  await runTurns(chosen, options, { file, args: [options.peers ? "peers" : "alone"] });
}
