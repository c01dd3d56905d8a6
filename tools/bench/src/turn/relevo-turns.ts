import { randomUUID } from "node:crypto";
import { createMemory, type MemoryStore, type Tenant } from "@relevo/memory";
import { window } from "@relevo/truncation";
import { answer, chunksOf, earlierTexts, shownMessages, type TurnSubject } from "./turn-subject.ts";

/** Through the facade, without and with the cache of sessions, as plain calls and as recorded turns. */
export function relevoSubjects(store: MemoryStore): readonly TurnSubject[] {
  return [
    relevoTurns("Relevo", store),
    relevoTurns("Relevo, cache", store, true),
    recordedTurns("Relevo, session.turn", store),
    recordedTurns("Relevo, session.turn, cache", store, true),
  ];
}

function tenantOf(store: MemoryStore, cache: boolean): Tenant {
  return createMemory({ store, view: window({ messages: shownMessages }), cache }).tenant("acme");
}

function filling(tenant: Tenant): TurnSubject["fill"] {
  return async (id, messages) => {
    const session = tenant.session(id);
    for (const batch of chunksOf(earlierTexts(messages), 500)) await session.append(batch);
  };
}

/**
 * A turn that no other one overlaps and whose result is recorded, so that a request that comes again gets it: what the plain
 * calls leave to the application.
 */
function recordedTurns(name: string, store: MemoryStore, cache = false): TurnSubject {
  const tenant = tenantOf(store, cache);
  return {
    name,
    fill: filling(tenant),
    turn: (id, question) =>
      tenant.session(id).turn(
        async (turn) => {
          await turn.append({ role: "user", content: question });
          const { messages } = await turn.view();
          turn.appendAtEnd({ role: "assistant", content: answer });
          return { messages: messages.length, newest: messages.at(-1)?.content };
        },
        { operationId: randomUUID(), request: question },
      ),
  };
}

/** Plain calls: a new session object for each request, and both appends safe to retry. */
export function relevoTurns(name: string, store: MemoryStore, cache = false): TurnSubject {
  const tenant = tenantOf(store, cache);
  return {
    name,
    fill: filling(tenant),
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
