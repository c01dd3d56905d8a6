// What is known about a person, as a copy for them, or erased: node personal-data.ts folder user [copy.jsonl | --erase]
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createMemory } from "@relevo/memory";
import { openEmbedded } from "@relevo/store-postgres";

const [folder = "./chat-data", user, action] = process.argv.slice(2);
if (user === undefined) {
  console.error("Name the person: node personal-data.ts folder user");
  process.exit(1);
}

await using store = await openEmbedded(folder);
const tenant = createMemory({ store }).tenant("local");

// An erasure that a crash has interrupted is finished before anything else.
for (const { id } of await tenant.resumeErasures()) console.log(`Finished erasure ${id}`);

const person = tenant.user(user);
const counted = ({ sessions, events, documents }: { sessions: number; events: number; documents: number }) =>
  `${sessions} sessions with ${events} events, ${documents} memories`;

if (action === "--erase") {
  const report = await person.erase();
  console.log(`Erased: ${counted(report.removed)}`);
  for (const { reason } of report.held) console.log(`Held: ${reason}`);
  for (const { what, why } of report.outOfReach) console.log(`Out of reach: ${what}. ${why}`);
} else {
  const { removed } = await person.erase({ dryRun: true });
  console.log(`Known: ${counted(removed)}`);
  if (action !== undefined) {
    // Line by line, so that a long history needs no memory; readable by its owner alone.
    await pipeline(person.export(), createWriteStream(action, { mode: 0o600 }));
    console.log(`Copied to ${action}`);
  }
}
