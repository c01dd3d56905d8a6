import { createMemoryStore, type MemoryStore } from "@relevo/store-memory";
import { relevoSubjects } from "./relevo-turns.ts";
import { answer, earlierTexts, shownMessages, type TurnGroup, type TurnSubject } from "./turn-subject.ts";

interface Line {
  readonly role: string;
  readonly content: string;
}

/** A map of arrays that copies what goes in, so that nobody changes it afterwards, and checks nothing. */
function arrayTurns(): TurnSubject {
  const conversations = new Map<string, Line[]>();
  return {
    name: "copy and push, slice, copy and push",
    async fill(session, messages) {
      conversations.set(session, [...earlierTexts(messages)]);
    },
    turn(session, question) {
      const lines = conversations.get(session) ?? [];
      lines.push(structuredClone({ role: "user", content: question }));
      const shown = lines.slice(-shownMessages);
      lines.push(structuredClone({ role: "assistant", content: answer }));
      return { messages: shown.length, newest: shown.at(-1)?.content };
    },
  };
}

/** Conversations are used up as fast as they are appended to: none of them makes room for another. */
export const createRoomyStore = (): MemoryStore =>
  createMemoryStore({ sweepIntervalMs: 0, maxSessions: 2 ** 24, maxSessionBytes: 2 ** 40 });

export const processTurns: TurnGroup = {
  title: "In process",
  shared: false,
  start: async () => ({ url: "", async [Symbol.asyncDispose]() {} }),
  async open() {
    const store = createRoomyStore();
    return {
      floor: arrayTurns(),
      subjects: relevoSubjects(store),
      [Symbol.asyncDispose]: () => store.close(),
    };
  },
};
