import type { EventInput, ReadOptions, ReadResult } from "@relevo/core";
import { check, equal, present } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  eventsOf,
  isReplay,
  messages,
  nothingRead,
  operationOf,
  range,
  retracts,
  says,
  summarizes,
  systemSays,
} from "../../samples.ts";

const newest = {
  direction: "backward",
  types: ["message", "summary"],
  limit: 2,
  below: ["pinned", "summaries"],
} as const satisfies ReadOptions;

function stateOf({ events: _, next: __, below: ___, unchanged: ____, ...state }: ReadResult): object {
  return state;
}

/** What keeps a copy of the newest events up to date, outside of the store. */
export const cachedCopyCases: readonly ConformanceCase[] = [
  {
    id: "log/append-answers-stored-events",
    area: "log",
    contract:
      "An append answers when it was recorded and, when asked, its events exactly as reads return them: `seq`, time, pins and the order of keys included. A replay answers neither.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const body = {
        role: "assistant",
        content: [
          {
            type: "tool-call",
            toolCallId: "c1",
            toolName: "find",
            input: { z: -0, a: [1.5, null], 10: "é😀" },
          },
        ],
      } as const;
      const events: readonly EventInput[] = [
        systemSays("rules"),
        { type: "message", body, at: 5, tokens: { words: 7 }, metadata: { b: 1, a: { d: 1, c: 2 } } },
        { type: "x-note", body: ["x", { y: 1 }], agent: "writer" },
      ];
      for (const [index, operation] of [operationOf("a"), undefined].entries()) {
        const options = { withEvents: true, ...(operation === undefined ? {} : { operation }) };
        const result = await log.append(address, events, options);
        const stored = await eventsOf(context.other.log, address, { after: index * events.length });
        equal(result.events, stored, "the events that the append answers");
        equal(
          JSON.stringify(result.events?.map((event) => event.body)),
          JSON.stringify(stored.map((event) => event.body)),
          "their text",
        );
        equal(result.recordedAt, stored[0]?.recordedAt, "the time that the append answers");
        check(Object.isFrozen(result.events?.[1]?.body), "an event that the append answers can be changed");
        if (operation !== undefined) {
          const retry = await log.append(address, events, options);
          isReplay(retry, result, "the replay");
          check(!("recordedAt" in retry || "events" in retry), "a replay answers what the first call stored");
        }
      }
      const summary = [summarizes("in short", range(1, 2)), retracts(range(4))];
      const { events: derived } = await log.append(address, summary, { withEvents: true });
      equal(derived, await eventsOf(log, address, { after: 6 }), "a summary and a retraction");
      const plain = await log.append(address, messages(1));
      check(!("events" in plain), "events that were not asked for");
      const [last] = await eventsOf(log, address, { after: plain.version - 1 });
      equal(plain.recordedAt, last?.recordedAt, "the time of a single message");
    },
  },
  {
    id: "log/read-unless-token",
    area: "log",
    contract:
      "A read with `unlessToken` answers the state of the log alone, as `unchanged`, while that is the session's token, and the whole page after any write.",
    async run(context) {
      const { log } = context.store;
      const other = context.other.log;
      const address = addressOf(context);
      const conditional = (unlessToken: string): ReadOptions => ({ ...newest, unlessToken });
      equal(await log.read(address, conditional("any")), nothingRead, "a read of a missing session");
      await log.append(address, [says("one", { pinned: true }), ...messages(3), summarizes("s", range(2))]);
      let whole = await log.read(address, newest);
      const isUnchanged = async (what: string): Promise<void> => {
        for (const one of [log, other]) {
          for (const options of [
            newest,
            { limit: 2, direction: "backward" },
            { pinned: true },
            {},
          ] as const) {
            const result = await one.read(address, {
              ...options,
              unlessToken: present(whole.token, "the token"),
            });
            equal(result, { ...stateOf(whole), events: [], unchanged: true }, what);
          }
        }
      };
      await isUnchanged("an unchanged log");
      const writes: readonly (() => Promise<unknown>)[] = [
        () => other.append(address, messages(1)),
        () => other.append(address, [retracts(range(3))]),
        () => other.erase(address, { seqs: [range(4)] }),
        () => other.trim(address, { beforeSeq: 2 }),
        () => other.touch(address, { metadata: { a: 1 } }),
      ];
      for (const [index, write] of writes.entries()) {
        const before = present(whole.token, "the token");
        await write();
        const result = await log.read(address, conditional(before));
        equal(result, await log.read(address, newest), `the page after write ${index}`);
        check(!("unchanged" in result), `write ${index} changed the log`);
        whole = result;
        await isUnchanged(`the log after write ${index}`);
      }
      const last = present(whole.token, "the last token");
      await other.delete(address);
      equal(await log.read(address, conditional(last)), nothingRead, "a read of a deleted session");
      await other.append(address, messages(1));
      equal((await log.read(address, conditional(last))).events.length, 1, "the next incarnation");
    },
  },
];
