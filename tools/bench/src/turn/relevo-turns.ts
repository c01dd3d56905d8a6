import { randomUUID } from "node:crypto";
import { createMemory, type MemoryStore } from "@relevo/memory";
import { window } from "@relevo/truncation";
import { answer, chunksOf, earlierTexts, shownMessages, type TurnSubject } from "./turn-subject.ts";

/** Turns through the facade: a new session object for each request, and both appends safe to retry. */
export function relevoTurns(name: string, store: MemoryStore, cache = false): TurnSubject {
  const memory = createMemory({ store, view: window({ messages: shownMessages }), cache });
  const tenant = memory.tenant("acme");
  return {
    name,
    async fill(id, messages) {
      const session = tenant.session(id);
      for (const batch of chunksOf(earlierTexts(messages), 500)) await session.append(batch);
    },
    async turn(id, question) {
      const session = tenant.session(id);
      const request = randomUUID();
      await session.append({ role: "user", content: question }, { operationId: request });
      const { messages } = await session.view();
      await session.append({ role: "assistant", content: answer }, { operationId: `${request}/answer` });
      return { messages: messages.length, newest: messages.at(-1)?.content };
    },
  };
}
