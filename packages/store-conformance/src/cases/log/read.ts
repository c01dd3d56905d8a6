import { allPages, type EventInput, type EventLog, readAll, type StoredEvent } from "@relevo/core";
import { check, equal, eventually, inBackground, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  eventsOf,
  executes,
  handsOff,
  messages,
  nothingRead,
  range,
  retracts,
  says,
  seqsOf,
  summarizes,
  systemSays,
  textsOf,
  upTo,
} from "../../samples.ts";

/** Two agents, all types, some pinned. Seqs 1 to 8. */
const mixed: readonly EventInput[] = [
  systemSays("rules"),
  says("hello", { agent: "writer" }),
  says("hi", { agent: "writer2" }),
  { ...executes("e-1"), agent: "writer" },
  { type: "x-note", body: { text: "note" }, agent: "Writer" },
  says("pinned", { agent: "writer", pinned: true }),
  summarizes("so far", range(1, 3)),
  handsOff("over to you"),
];

export const readCases: readonly ConformanceCase[] = [
  {
    id: "log/read-of-nothing-is-empty",
    area: "log",
    contract:
      "A session that does not exist reads as version 0 without events, incarnation or next, and has no head.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context, "missing");
      equal(await log.read(address), nothingRead, "the read of a missing session");
      equal(
        await log.read(address, { direction: "backward", after: 3, before: 9, limit: 2, types: ["message"] }),
        nothingRead,
        "a filtered read of a missing session",
      );
      equal(await log.head(address), undefined, "the head of a missing session");
    },
  },
  {
    id: "log/read-windows",
    area: "log",
    contract: "`after` and `before` bound a read on both sides, both exclusive, in both directions.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(9));
      const expected: readonly (readonly [
        { readonly after?: number; readonly before?: number },
        readonly number[],
      ])[] = [
        [{}, upTo(9)],
        [{ after: 0 }, upTo(9)],
        [{ after: 4 }, [5, 6, 7, 8, 9]],
        [{ before: 4 }, [1, 2, 3]],
        [{ after: 3, before: 6 }, [4, 5]],
        [{ after: 4, before: 5 }, []],
        [{ after: 6, before: 3 }, []],
        [{ after: 9 }, []],
        [{ before: 1 }, []],
        [{ after: 100 }, []],
        [{ before: 100 }, upTo(9)],
      ];
      for (const [window, seqs] of expected) {
        const what = `seqs of ${JSON.stringify(window)}`;
        equal(await seqsOf(log, address, window), seqs, what);
        const backward = await seqsOf(context.other.log, address, { ...window, direction: "backward" });
        equal(backward, seqs.toReversed(), `${what} backward`);
      }
      equal(await seqsOf(log, address, { direction: "backward", limit: 2 }), [9, 8], "the newest two");
      equal(await seqsOf(log, address, { limit: 2 }), [1, 2], "the oldest two");
    },
  },
  {
    id: "log/read-filters",
    area: "log",
    contract: "`types`, `agent` and `pinned` select exactly, alone and together.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, mixed);
      equal(await seqsOf(log, address, { types: ["message"] }), [1, 2, 3, 6], "messages");
      equal(await seqsOf(log, address, { types: ["x-note", "summary"] }), [5, 7], "two types");
      equal(await seqsOf(log, address, { types: ["x-not"] }), [], "a type that is only a prefix");
      equal(await seqsOf(log, address, { agent: "writer" }), [2, 4, 6], "one agent");
      equal(await seqsOf(log, address, { agent: "Writer" }), [5], "an agent in another case");
      equal(await seqsOf(log, address, { agent: "write%" }), [], "an agent with a wildcard");
      equal(await seqsOf(log, address, { pinned: true }), [1, 6], "pinned");
      equal(await seqsOf(log, address, { pinned: true, agent: "writer" }), [6], "pinned of one agent");
      equal(
        await seqsOf(log, address, { types: ["message"], agent: "writer", after: 2, direction: "backward" }),
        [6],
        "all together",
      );
    },
  },
  {
    id: "log/read-limit-counts-matches",
    area: "log",
    contract:
      "`limit` counts events that passed the filters, and following `next` visits each of them once, in both directions.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(
        address,
        upTo(40).map((index) => says(`message ${index}`, { agent: index % 5 === 0 ? "rare" : "usual" })),
      );
      const rare = [5, 10, 15, 20, 25, 30, 35, 40];
      const first = await log.read(address, { agent: "rare", limit: 3 });
      if (first.events.length < 3)
        check(first.next !== undefined, "a short page without next ends the read early");
      for (const limit of [1, 3, 8, 100]) {
        for (const direction of ["forward", "backward"] as const) {
          const seqs: number[] = [];
          for await (const page of readAll(log, address, { agent: "rare", limit, direction })) {
            check(page.length <= limit, `a page of ${page.length} events under limit ${limit}`);
            seqs.push(...page.map(({ seq }) => seq));
          }
          equal(
            seqs,
            direction === "forward" ? rare : rare.toReversed(),
            `all pages of ${limit} ${direction}`,
          );
        }
      }
      const whole = await log.read(address, { limit: 1000 });
      equal([whole.events.length, whole.version], [40, 40], "one page for all");
    },
  },
  {
    id: "log/read-limit-bounds",
    area: "log",
    contract:
      "A limit from 1 to 1,000 is taken, anything else refused; 100 when left out, and then `next` says so.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(130));
      for (const limit of [0, -1, 1001, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await refuses(() => log.read(address, { limit }), "invalid-input", `a read with limit ${limit}`);
        await refuses(
          () => log.list(context.tenant, { limit }),
          "invalid-input",
          `a list with limit ${limit}`,
        );
      }
      const byDefault = await log.read(address);
      check(byDefault.events.length <= 100, `${byDefault.events.length} events by default`);
      check(byDefault.next !== undefined, "next is missing after 100 of 130 events");
      const texts: StoredEvent[] = [];
      for await (const page of readAll(log, address)) texts.push(...page);
      equal(texts.length, 130, "events of all default pages");
      equal((await eventsOf(log, address, { limit: 1000 })).length, 130, "events of a page of 1,000");
    },
  },
  {
    id: "log/reads-are-prefixes",
    area: "log",
    contract:
      "While others append, every read is a prefix of every later read, and its version counts what it could see.",
    async run(context) {
      const address = addressOf(context);
      let writing = true;
      const write = async (log: EventLog, writer: number): Promise<void> => {
        for (let turn = 0; turn < 15; turn++) await log.append(address, messages(3, `${writer} ${turn}`));
      };
      const writers = [context.store.log, context.other.log].map((log, writer) =>
        inBackground(write(log, writer)),
      );
      const read = async (reader: number): Promise<void> => {
        const log = reader === 0 ? context.store.log : context.other.log;
        let previous: readonly string[] = [];
        while (writing) {
          const result = await log.read(address, { limit: 1000 });
          const texts = result.events.map((event) => JSON.stringify(event));
          equal(texts.length, result.version, "events of a whole read, against its version");
          equal(result.events.length % 3, 0, "events of unfinished batches in a read");
          equal(texts.slice(0, previous.length), previous, "what an earlier read saw");
          previous = texts;
        }
      };
      const readers = [0, 1].map((reader) => inBackground(read(reader)));
      await Promise.all(writers).finally(() => {
        writing = false;
      });
      await Promise.all(readers);
      equal(await seqsOf(context.store.log, address), upTo(90), "seqs at the end");
    },
  },
  {
    id: "log/read-at-version",
    area: "log",
    contract:
      "`atVersion` reads the log as it was at that version: without later events, and with what they retracted.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(4));
      await log.append(address, [retracts(range(4)), says("five")]);
      await log.append(address, [retracts(range(2, 3))]);
      equal(await textsOf(log, address, { types: ["message"] }), ["message 1", "five"], "now");
      const at = async (atVersion: number): Promise<readonly number[]> =>
        seqsOf(context.other.log, address, { types: ["message"], atVersion });
      equal(await at(6), [1, 2, 3, 6], "at version 6");
      equal(await at(4), [1, 2, 3, 4], "at version 4");
      equal(await at(2), [1, 2], "at version 2");
      equal(await at(0), [], "at version 0");
      const then = await eventsOf(log, address, { atVersion: 4, retracted: "include" });
      equal(
        then.map(({ seq }) => seq),
        [1, 2, 3, 4],
        "with retracted ones at version 4",
      );
      equal(
        await seqsOf(log, address, { atVersion: 6, retracted: "only" }),
        [4],
        "only retracted ones at version 6",
      );
      equal(
        await seqsOf(log, address, { atVersion: 4, direction: "backward", limit: 2 }),
        [4, 3],
        "backward at version 4",
      );
    },
  },
  {
    id: "log/pages-at-one-version-are-not-torn",
    area: "log",
    contract:
      "A reading of several pages at the version of the first is the same whatever is retracted meanwhile.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(12));
      for (const direction of ["forward", "backward"] as const) {
        const before = await seqsOf(log, address, { types: ["message"], direction });
        const seqs: number[] = [];
        for await (const page of readAll(log, address, { limit: 3, types: ["message"], direction })) {
          seqs.push(...page.map(({ seq }) => seq));
          await context.other.log.append(address, [retracts(range(page[1]?.seq ?? 1)), says("meanwhile")]);
        }
        equal(seqs, before, `${direction} pages while others retract`);
      }
    },
  },
  {
    id: "log/list-and-read-agree",
    area: "log",
    contract:
      "Version, revision, removal revision and token of a read are those of the head at the same moment.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(3));
      await log.trim(address, { beforeSeq: 3 });
      await log.erase(address, { seqs: [range(3)] });
      const head = present(await log.head(address), "the head");
      const read = await context.other.log.read(address, { types: ["summary"] });
      const { version, revision, removalRevision, incarnation, token } = head;
      const figures = { version, revision, removalRevision, incarnation, token };
      equal(read, { ...figures, events: [] }, "a read that selects nothing");
      await eventually(context, async () => {
        const listed: unknown[] = [];
        for await (const item of allPages((cursor) => log.list(context.tenant, cursor))) listed.push(item);
        equal(listed, [head], "the heads of a list");
      });
    },
  },
];
