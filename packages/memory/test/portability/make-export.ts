import { createManualClock } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { createMemory } from "../../src/index.ts";

// Writes an export of some of everything, as `export-v1.jsonl` holds it. Run it for a new version of the format, into a new
// file: the old ones stay as they are.

const clock = createManualClock();
let count = 0;
const ids = { next: () => `id-${++count}` };
await using store = createMemoryStore({ clock, sweepIntervalMs: 0 });
const memory = createMemory({ store, clock, ids, random: () => 0 });
const acme = memory.tenant("acme");
const session = acme.session("chat-1", { subject: "juan", metadata: { title: "Saludo" } });
await session.append([{ role: "user", content: "Hola, me llamo Juan" }], { operationId: "request-1" });
await session.append({ role: "assistant", content: "Mucho gusto" }, { agent: "receptionist" });
await session.append({ role: "user", content: "Adiós" });
await session.undo();
await session.append({ role: "user", content: "erased" });
await session.erase({ seqs: [5] });
await session.recordExecution({ agent: "planner", input: { goal: "plan" }, output: "done" });
await session.working.remember("step", 3);
await session.user.remember("language", "es", { tags: ["voice"] });
await session.agent("planner").recordOutcome({ success: true, strategy: "persona", durationMs: 12 });
await acme.agent("planner").remember("style", { tone: "warm" });
for await (const line of acme.export()) process.stdout.write(line);
