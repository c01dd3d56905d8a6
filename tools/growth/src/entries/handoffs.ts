import type { EventInput, HandoffRecord, Message } from "@relevo/core";
import {
  type ContextPolicy,
  createHandoffs,
  full,
  last,
  renderChain,
  toMermaid,
  view,
} from "@relevo/handoff-tracing";
import { window } from "@relevo/truncation";
import { type EntryPoint, entryPoint } from "../entry-point.ts";
import { hostileConversations } from "./conversations.ts";
import { sessionOf, sessionOfEvents } from "./sessions.ts";

const policies: Readonly<Record<string, ContextPolicy>> = {
  full: full(),
  last: last(1000),
  view: view(window({ messages: 1000 })),
};

/** Hands over in a session, which stays as it is but for the two events of the handoff. */
const runs = Object.entries(hostileConversations).flatMap(([name, make]): EntryPoint[] =>
  Object.entries(policies).map(([policy, chosen]) =>
    entryPoint({
      name: `handoffs.run with ${policy}: ${name}`,
      // What a view changed is recorded whole: one message of more calls than this is more than an event holds.
      last: policy === "view" ? 2 ** 15 : 2 ** 16,
      make: (size) => sessionOf(make(size).filter(isStorable)),
      run: ({ store, address }) =>
        createHandoffs({ log: store.log, maxRepeats: 1000 }).run(
          { session: address, from: "a", to: "b", reason: "r", policy: chosen },
          () => "done",
        ),
    }),
  ),
);

/** One message of many parts is large; what no log takes is no input of a handoff. */
function isStorable(message: Message): boolean {
  return Buffer.byteLength(JSON.stringify(message)) < 8_000_000;
}

export const handoffEntryPoints: readonly EntryPoint[] = [
  ...runs,
  entryPoint({
    name: "handoffs.chain: handoffs side by side",
    last: 2 ** 16,
    make: (size) => sessionOfEvents(handoffsOf(size, () => undefined)),
    run: ({ store, address }) => createHandoffs({ log: store.log }).chain(address),
  }),
  entryPoint({
    name: "handoffs.chain: handoffs inside each other",
    last: 2 ** 16,
    make: (size) => sessionOfEvents(handoffsOf(size, (n) => (n === 0 ? undefined : `h${n - 1}`))),
    run: async ({ store, address }) => {
      const handoffs = createHandoffs({ log: store.log });
      renderChain(await handoffs.chain(address));
      return toMermaid(await handoffs.for(address).graph());
    },
  }),
  entryPoint({
    name: "handoffs.graph: each agent once",
    last: 2 ** 16,
    make: (size) => sessionOfEvents(handoffsOf(size, () => undefined)),
    run: ({ store, address }) => createHandoffs({ log: store.log }).graph(address.tenant),
  }),
  entryPoint({
    name: "handoffs.rebuild: many ranges over many messages",
    last: 2 ** 15,
    make: (size) =>
      sessionOfEvents([
        ...Array.from(
          { length: size },
          (_, n): EventInput => ({
            type: "message",
            body: { role: "user", content: `Message ${n}` },
          }),
        ),
        {
          type: "handoff",
          body: record("h", undefined, {
            policy: "custom",
            passed: Array.from({ length: size / 2 }, (_, n) => ({ from: 2 * n + 1, to: 2 * n + 1 })),
            dropped: [],
          }),
        },
      ]),
    run: ({ store, address }) => createHandoffs({ log: store.log }).rebuild(address, "h"),
  }),
];

function handoffsOf(size: number, parentOf: (n: number) => string | undefined): readonly EventInput[] {
  return Array.from(
    { length: size },
    (_, n): EventInput => ({
      type: "handoff",
      body: record(`h${n}`, parentOf(n), { policy: "none", passed: [], dropped: [] }),
    }),
  );
}

function record(
  handoffId: string,
  parentId: string | undefined,
  context: NonNullable<HandoffRecord["context"]>,
): HandoffRecord {
  return {
    handoffId,
    status: "started",
    from: `from-${handoffId}`,
    to: `to-${handoffId}`,
    reason: "r",
    priority: "normal",
    depth: 0,
    context,
    ...(parentId === undefined ? {} : { parentId }),
  };
}
