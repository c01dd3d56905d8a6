// A chat in the terminal that continues after a restart: node terminal-chat.ts [folder]
import { createInterface } from "node:readline";
import { type Message, textOf } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { openEmbedded } from "@relevo/store-postgres";

// Stands for a model. Replace it with a call to one: it gets the conversation, and returns its answer.
async function askModel(messages: readonly Message[]): Promise<string> {
  const said = messages.filter(({ role }) => role === "user").map(textOf);
  return said.length === 1
    ? "Nice to meet you."
    : `You began with "${said[0]}", ${said.length - 1} lines ago.`;
}

const [folder = "./chat-data"] = process.argv.slice(2);
await using store = await openEmbedded(folder);
const session = createMemory({ store }).tenant("local").session("chat");

for (const message of await session.messages()) console.log(`${message.role}> ${textOf(message)}`);

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await session.turn(async (turn) => {
    await turn.append({ role: "user", content: line });
    const { messages } = await turn.view();
    const text = await askModel(messages);
    turn.appendAtEnd({ role: "assistant", content: text });
    return text;
  });
  console.log(`assistant> ${answer}`);
}
