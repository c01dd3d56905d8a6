import type { BelowPage, EventLog, ReadOptions, ReadResult, SessionAddress } from "@relevo/core";
import { check, equal, inBackground, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { addressOf, eventsOf, messages, range, retracts, says, summarizes, textIn } from "../../samples.ts";

const newest = {
  direction: "backward",
  types: ["message", "summary"],
  below: ["pinned", "summaries"],
} as const;

function below(result: ReadResult): BelowPage {
  return present(result.below, "what stands below the page");
}

function seqsIn(events: BelowPage["pinned"]): readonly number[] {
  return present(events, "the events below the page").map(({ seq }) => seq);
}

/** The seqs of the page, of pinned messages and of summaries below it. */
async function readNewest(
  log: EventLog,
  address: SessionAddress,
  options: ReadOptions = {},
): Promise<readonly [page: readonly number[], pinned: readonly number[], summaries: readonly number[]]> {
  const result = await log.read(address, { ...newest, ...options });
  return [result.events.map(({ seq }) => seq), seqsIn(below(result).pinned), seqsIn(below(result).summaries)];
}

/** One read that holds all that a view needs. */
export const belowPageCases: readonly ConformanceCase[] = [
  {
    id: "log/read-answers-pinned-below",
    area: "log",
    contract:
      "A newest page read with `below` comes with the effective pinned messages that are older than its oldest event, ascending and with their content.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      equal("below" in (await log.read(address, newest)), false, "below of a missing session");
      await log.append(address, [
        says("one", { pinned: true }),
        ...messages(2),
        says("four", { pinned: true, agent: "writer" }),
        says("five, retracted", { pinned: true }),
        says("six, erased", { pinned: true }),
        { type: "x-note", body: "seven", pinned: true },
        says("eight"),
        says("nine", { pinned: true }),
        says("ten"),
      ]);
      await log.append(address, [retracts(range(5))]);
      await log.erase(address, { seqs: [range(6)] });
      for (const one of [log, context.other.log]) {
        const { events, below: found } = await one.read(address, { ...newest, limit: 2 });
        equal(events.map(textIn), ["ten", "nine"], "the page");
        equal(found?.pinned?.map(textIn), ["one", "four"], "pinned messages below it");
        equal([found?.morePinned, found?.moreSummaries], [undefined, undefined], "more of them");
      }
      equal((await readNewest(log, address, { limit: 4 }))[1], [1, 4], "below a page down to seq 6");
      equal((await readNewest(log, address, { limit: 6 }))[1], [1], "below a page down to seq 3");
      equal((await readNewest(log, address, { limit: 100 }))[1], [], "below the whole log");
      const none = await log.read(address, { ...newest, types: ["x-other"], below: ["pinned"] });
      equal(seqsIn(below(none).pinned), [1, 4, 9], "below a page without events");
      equal("summaries" in below(none), false, "summaries that were not asked for");
      const whole = await eventsOf(log, address, { types: ["message"], pinned: true });
      const shown = below(await log.read(address, { ...newest, limit: 1 })).pinned;
      equal(
        shown,
        whole.filter(({ seq, erasedAt }) => seq < 10 && erasedAt === undefined),
        "whole events",
      );
      equal("below" in (await log.read(address, { direction: "backward" })), false, "below, unasked");
      equal("below" in (await log.read(address, { ...newest, below: [] })), false, "none of below");
    },
  },
  {
    id: "log/read-answers-summaries-in-force",
    area: "log",
    contract:
      "A newest page read with `below` comes with the effective summaries below it that no later effective summary names; one comes back into force when what named it is retracted.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const inForce = async (limit: number): Promise<readonly number[]> =>
        (await readNewest(context.other.log, address, { limit }))[2];
      await log.append(address, messages(4));
      await log.append(address, [summarizes("of 1 and 2", range(1, 2))]);
      await log.append(address, [summarizes("of 3", range(3)), ...messages(2)]);
      equal(await inForce(1), [5, 6], "two summaries apart");
      equal(await inForce(3), [5], "those below a page that holds one");
      await log.append(address, [summarizes("of 1 to 4, and summary 5", range(1, 4), range(5)), says("ten")]);
      equal(await inForce(1), [6, 9], "after a summary that continues one");
      equal(await inForce(2), [6], "when the summary that continues one stands in the page");
      await log.append(address, [summarizes("of 6 to 9", range(6, 9)), says("twelve"), says("thirteen")]);
      equal(await inForce(2), [11], "after one that continues two");
      await log.append(address, [retracts(range(11))]);
      equal(await inForce(2), [6, 9], "after the last was retracted");
      await log.append(address, [retracts(range(9)), ...messages(2)]);
      equal(await inForce(2), [5, 6], "after two were retracted");
      await log.erase(address, { seqs: [range(3)] });
      const { below: found } = await log.read(address, { ...newest, limit: 2 });
      equal(found?.summaries?.map(textIn), ["(summary)"], "after the source of one was erased");
      equal(seqsIn(found?.summaries), [5], "which one is left");
    },
  },
  {
    id: "log/read-below-is-one-moment",
    area: "log",
    contract:
      "Page, version, pinned messages and summaries of one read are of one moment, whatever others append and retract meanwhile.",
    async run(context) {
      const address = addressOf(context);
      const { log } = context.store;
      /** Three events each time: a summary that continues the last, a pinned message, and one that is not. */
      const write = async (round: number): Promise<unknown> => {
        const before = round * 3;
        const named = round === 0 ? [] : [range(before - 2)];
        return context.other.log.append(address, [
          summarizes(`round ${round}`, ...named),
          says("pinned", { pinned: true }),
          says("plain"),
        ]);
      };
      await write(0);
      const writeAll = async (): Promise<void> => {
        for (let round = 1; round < 20; round++) await write(round);
      };
      const writing = inBackground(writeAll());
      for (let look = 0; look < 20; look++) {
        const result = await log.read(address, { ...newest, types: ["message"], limit: 1 });
        const { version } = result;
        equal(
          [result.events[0]?.seq, seqsIn(below(result).pinned), seqsIn(below(result).summaries)],
          [version, Array.from({ length: version / 3 }, (_, index) => index * 3 + 2), [version - 2]],
          `page, pinned messages and summaries at version ${version}`,
        );
      }
      await writing;
    },
  },
  {
    id: "log/read-below-is-bounded",
    area: "log",
    contract:
      "At most the newest 100 pinned messages come below a page, and summaries in force among the newest 32; `morePinned` and `moreSummaries` say that there is more.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const pinned = Array.from({ length: 100 }, (_, index) => says(`pinned ${index}`, { pinned: true }));
      await log.append(address, [...pinned, says("newest")]);
      const full = below(await log.read(address, { ...newest, limit: 1 }));
      equal(seqsIn(full.pinned).length, 100, "how many pinned messages come below a page");
      equal([full.morePinned, full.moreSummaries], [undefined, undefined], "more, when all have come");
      await log.append(address, [says("one more", { pinned: true }), says("newest")]);
      const { pinned: found, morePinned } = below(await log.read(address, { ...newest, limit: 1 }));
      equal([seqsIn(found)[0], seqsIn(found).at(-1), morePinned], [2, 102, true], "the newest 100 of 101");

      const other = addressOf(context, "summaries");
      const apart = (from: number, to: number): ReturnType<typeof summarizes>[] =>
        Array.from({ length: to - from + 1 }, (_, index) => summarizes("apart", range(from + index)));
      await log.append(other, messages(40));
      await log.append(other, [...apart(1, 32), says("newest")]);
      const all = below(await log.read(other, { ...newest, limit: 1 }));
      equal([seqsIn(all.summaries).length, all.moreSummaries], [32, undefined], "32 summaries apart");
      await log.append(other, [...apart(33, 33), says("newest")]);
      const some = below(await log.read(other, { ...newest, limit: 1 }));
      check(some.moreSummaries === true, "moreSummaries is missing of 33 summaries");
      equal([seqsIn(some.summaries)[0], seqsIn(some.summaries).at(-1)], [42, 74], "the newest of 33");
    },
  },
  {
    id: "log/read-below-needs-the-newest-page",
    area: "log",
    contract:
      "`below` is refused unless the read goes backward from the end of the log as it is now, and for parts that there are not.",
    async run({ store, ...context }) {
      const address = addressOf({ store, ...context });
      await store.log.append(address, messages(3));
      const refused: readonly ReadOptions[] = [
        { below: ["pinned"] },
        { below: ["pinned"], direction: "forward" },
        { ...newest, after: 1 },
        { ...newest, before: 3 },
        { ...newest, atVersion: 2 },
        { ...newest, retracted: "include" },
        { ...newest, below: ["pins"] as never },
        { ...newest, below: [undefined] as never },
        { ...newest, below: "pinned" as never },
        { ...newest, below: null as never },
      ];
      for (const options of refused) {
        const { details } = await refuses(
          store.log.read(address, options),
          "invalid-input",
          JSON.stringify(options),
        );
        check(String(details.field).startsWith("below"), `the field ${details.field} instead of below`);
      }
    },
  },
];
