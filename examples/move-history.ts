// Moves a history that another program stored, one Chat Completions message a line, into a session:
// node move-history.ts history.jsonl folder session-id. Run it again whenever the history has grown.
import { readFile } from "node:fs/promises";
import { createMemory } from "@relevo/memory";
import { importMessages } from "@relevo/messages";
import { openEmbedded } from "@relevo/store-postgres";

const [file = "history.jsonl", folder = "./chat-data", id = "moved"] = process.argv.slice(2);
const rows: unknown[] = [];
try {
  for (const line of (await readFile(file, "utf8")).split("\n")) if (line !== "") rows.push(JSON.parse(line));
} catch (error) {
  console.error(`${file} is no history, one message in JSON a line: ${(error as Error).message}`);
  process.exit(1);
}

await using store = await openEmbedded(folder);
const session = createMemory({ store }).tenant("local").session(id);

// How much was moved before, so that a history that has grown brings only its rest.
const moved = Number((await session.working.recall("moved-rows")) ?? 0);
const { batches, notes } = await importMessages("openai-chat", rows, { name: id, after: moved });
for (const { index, path, reason } of notes) console.error(`row ${index + 1}, ${path}: ${reason}`);
// After a crash in the middle the same batches come again, and those that are there are not appended twice.
for (const { messages, operationId } of batches) await session.append(messages, { operationId });
await session.working.remember("moved-rows", rows.length);

console.log(
  `${rows.length - moved} rows moved, ${(await session.messages()).length} messages in the session`,
);
