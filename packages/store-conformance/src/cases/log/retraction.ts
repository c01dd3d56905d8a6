import { equal, inBackground, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  eventsOf,
  executes,
  handsOff,
  messages,
  operationOf,
  range,
  retracts,
  says,
  seqsOf,
  stateOf,
  summarizes,
  systemSays,
  textsOf,
} from "../../samples.ts";

export const retractionCases: readonly ConformanceCase[] = [
  {
    id: "log/retraction-takes-out-messages-and-summaries",
    area: "log",
    contract:
      "A retraction takes the messages and summaries in its ranges out of reads and marks them with its seq; all other events stay.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, [
        systemSays("rules"),
        says("two"),
        handsOff("three", range(2)),
        executes("four", range(2)),
        { type: "x-five", body: 5, derivedFrom: [range(2)] },
        summarizes("six"),
        says("seven"),
      ]);
      await log.append(address, [retracts(range(2, 6))]);
      for (const one of [log, context.other.log]) {
        equal(await seqsOf(one, address), [1, 3, 4, 5, 7, 8], "what is effective");
        equal(await seqsOf(one, address, { retracted: "only" }), [2, 6], "what was retracted");
        const all = await eventsOf(one, address, { retracted: "include" });
        equal(
          all.map(({ seq, retractedBy }) => [seq, retractedBy]),
          [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => [seq, seq === 2 || seq === 6 ? 8 : undefined]),
          "marks",
        );
      }
      equal(
        await seqsOf(log, address, { types: ["message"], direction: "backward", limit: 2 }),
        [7, 1],
        "the tail",
      );
    },
  },
  {
    id: "log/retraction-cascades-to-summaries",
    area: "log",
    contract:
      "Retracting an event also retracts every summary derived from it, and summaries of those; nothing else.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(4));
      await log.append(address, [
        summarizes("of 1 and 2", range(1, 2)),
        summarizes("of 3 and 4", range(3, 4)),
        summarizes("of the first summary", range(5)),
        says("quotes 2", { derivedFrom: [range(2)] }),
        handsOff("quotes 2", range(2)),
      ]);
      await log.append(address, [summarizes("of the summary of a summary", range(7), range(4))]);
      await log.append(address, [retracts(range(2))]);
      equal(await seqsOf(log, address, { retracted: "only" }), [2, 5, 7, 10], "what went");
      equal(await seqsOf(context.other.log, address), [1, 3, 4, 6, 8, 9, 11], "what stays");
    },
  },
  {
    id: "log/retraction-names-what-exists",
    area: "log",
    contract: "A retraction beyond the version before its append is refused and changes nothing.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await refuses(
        log.append(address, [retracts(range(1))]),
        "invalid-input",
        "a retraction in a missing session",
      );
      equal(await log.head(address), undefined, "the missing session");
      await log.append(address, messages(3));
      const before = await stateOf(log, address);
      for (const [ranges, what] of [
        [[range(4)], "the next event"],
        [[range(1, 4)], "one event too many"],
        [[range(1), range(9)], "a second range beyond the end"],
      ] as const) {
        await refuses(
          log.append(address, [says("four"), says("five"), retracts(...ranges)]),
          "invalid-input",
          `a retraction of ${what}`,
        );
      }
      equal(await stateOf(log, address), before, "the session after refused retractions");
    },
  },
  {
    id: "log/retraction-replaces-a-suffix",
    area: "log",
    contract:
      "A retraction and what takes the place of what it retracts go in together, in either order, all or none.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(4));
      await log.append(address, [retracts(range(3, 4)), says("new 3")], { expectedVersion: 4 });
      equal(
        await textsOf(log, address, { types: ["message"] }),
        ["message 1", "message 2", "new 3"],
        "after a replaced suffix",
      );
      await log.append(address, [says("only"), retracts(range(1, 6))], { operation: operationOf("replace") });
      await log.append(address, [says("only"), retracts(range(1, 6))], { operation: operationOf("replace") });
      equal(await textsOf(log, address, { types: ["message"] }), ["only"], "after everything was replaced");
    },
  },
  {
    id: "log/first-retraction-wins",
    area: "log",
    contract:
      "Retracting what was retracted, trimmed or erased is no error and leaves it as it was; retractions are never retracted.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(5));
      await log.append(address, [retracts(range(2))]);
      await log.trim(address, { beforeSeq: 2 });
      await log.erase(address, { seqs: [range(3)] });
      await log.append(address, [retracts(range(1, 6))]);
      await context.other.log.append(address, [retracts(range(1, 7), range(2, 4))]);
      const all = await eventsOf(log, address, { retracted: "include" });
      equal(
        all.map(({ seq, retractedBy }) => [seq, retractedBy]),
        [
          [2, 6],
          [3, undefined],
          [4, 7],
          [5, 7],
          [6, undefined],
          [7, undefined],
          [8, undefined],
        ],
        "marks after three retractions",
      );
      equal(
        await seqsOf(log, address, { types: ["message"], retracted: "exclude", after: 3 }),
        [],
        "messages",
      );
      equal(await seqsOf(log, address, { types: ["retraction"] }), [6, 7, 8], "retractions");
      const blank = addressOf(context, "with a blank summary");
      await log.append(blank, messages(1));
      await log.append(blank, [summarizes("of 1", range(1))]);
      await log.erase(blank, { seqs: [range(2)] });
      await log.append(blank, [retracts(range(1))]);
      equal(
        await seqsOf(log, blank),
        [2, 3],
        "seqs after the retraction of an event whose summary was erased",
      );
    },
  },
  {
    id: "log/retracted-selects",
    area: "log",
    contract:
      "`retracted` leaves retracted events out, includes them, or returns only them, with limits and paging.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(10));
      await log.append(address, [retracts(range(2, 3), range(7, 9))]);
      const pages = async (retracted: "exclude" | "include" | "only"): Promise<readonly number[]> => {
        const seqs: number[] = [];
        let after = 0;
        for (let guard = 0; guard < 50; guard++) {
          const page = await log.read(address, { retracted, limit: 2, after });
          seqs.push(...page.events.map(({ seq }) => seq));
          if (page.next === undefined) return seqs;
          after = page.next;
        }
        return seqs;
      };
      equal(await pages("exclude"), [1, 4, 5, 6, 10, 11], "without retracted ones");
      equal(await pages("include"), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], "with them");
      equal(await pages("only"), [2, 3, 7, 8, 9], "only them");
      equal(
        await seqsOf(log, address, { retracted: "only", direction: "backward", limit: 2 }),
        [9, 8],
        "the newest",
      );
    },
  },
  {
    id: "log/read-is-one-moment",
    area: "log",
    contract:
      "A read shows one moment while others retract: what its version names as retracted is marked or left out, each event is there once, and nothing else is missing.",
    async run(context) {
      const address = addressOf(context);
      const { log } = context.store;
      const count = 30;
      await log.append(address, messages(count));
      const retractAll = async (): Promise<void> => {
        for (let seq = 1; seq <= count; seq++)
          await context.other.log.append(address, [retracts(range(seq))]);
      };
      const retracting = inBackground(retractAll());
      for (let done = 0; done < count; ) {
        // Two reads at once, so that one of them begins at another place in the other's retraction.
        const [all, effective] = await Promise.all([
          log.read(address, { retracted: "include", limit: 1000 }),
          log.read(address, { types: ["message"], limit: 1000 }),
        ]);
        equal(
          all.events.map(({ seq, retractedBy }) => [seq, retractedBy]),
          Array.from({ length: all.version }, (_, index) => [
            index + 1,
            index < all.version - count ? count + index + 1 : undefined,
          ]),
          `each event and what retracted it, at version ${all.version}`,
        );
        done = effective.version - count;
        equal(
          effective.events.map(({ seq }) => seq),
          Array.from({ length: count - done }, (_, index) => done + index + 1),
          `what is effective at version ${effective.version}`,
        );
      }
      await retracting;
    },
  },
];
