import { check, equal, present, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import {
  addressOf,
  eventsOf,
  isReplay,
  letExpire,
  messages,
  operationOf,
  range,
  retracts,
  says,
  seqsOf,
  trimAll,
} from "../../samples.ts";

export const trimCases: readonly ConformanceCase[] = [
  {
    id: "log/trim-before-seq",
    area: "log",
    contract:
      "`trim({ beforeSeq })` removes what is before that seq, keeps incarnation and version, and reports what went.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const { incarnation } = await log.append(address, messages(6));
      equal(await trimAll(log, address, { beforeSeq: 1 }), { removed: 0, firstSeq: 1 }, "a trim of nothing");
      equal(await trimAll(log, address, { beforeSeq: 4 }), { removed: 3, firstSeq: 4 }, "a trim of three");
      equal(
        await trimAll(context.other.log, address, { beforeSeq: 3 }),
        { removed: 0, firstSeq: 4 },
        "a trim again",
      );
      for (const one of [log, context.other.log]) {
        equal(await seqsOf(one, address, { retracted: "include" }), [4, 5, 6], "seqs");
        const head = present(await one.head(address), "the head");
        equal(
          [head.incarnation, head.version, head.firstSeq, head.events],
          [incarnation, 6, 4, 3],
          "incarnation, version, firstSeq and events",
        );
      }
      equal(
        (await log.append(address, [says("seven")], { expectedVersion: 6, incarnation })).firstSeq,
        7,
        "next seq",
      );
    },
  },
  {
    id: "log/trim-of-everything-keeps-the-session",
    area: "log",
    contract: "Trimming everything keeps incarnation, version and operations; seq goes on where it was.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const operation = operationOf("send-1");
      const first = await log.append(address, messages(4), { operation, ttlMs: 600_000 });
      equal(
        await trimAll(log, address, { beforeSeq: 99 }),
        { removed: 4, firstSeq: 5 },
        "a trim of everything",
      );
      const head = present(await context.other.log.head(address), "the head of an empty session");
      equal(
        [head.incarnation, head.version, head.firstSeq, head.events, head.bytes],
        [first.incarnation, 4, 5, 0, 0],
        "incarnation, version, firstSeq, events and bytes",
      );
      equal((await log.read(address)).events, [], "events");
      const retry = await log.append(address, messages(4), { operation });
      isReplay(retry, first, "the retry of a trimmed operation");
      const next = await log.append(address, [says("five")], {
        expectedVersion: 4,
        incarnation: first.incarnation,
      });
      equal([next.firstSeq, next.incarnation], [5, first.incarnation], "the next append");
      equal(await seqsOf(log, address), [5], "seqs");
    },
  },
  {
    id: "log/trim-older-than",
    area: "log",
    contract:
      "`trim({ olderThan })` removes the prefix that was recorded before that time, the time itself excluded.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(2, "old"));
      await context.advance(60);
      await log.append(address, messages(2, "middle"));
      await context.advance(60);
      await log.append(address, messages(1, "new"));
      const times = (await eventsOf(log, address)).map(({ recordedAt }) => recordedAt);
      const middle = present(times[2], "the time of the third event");
      check(middle > present(times[1], "a time"), `the store's clock did not move: ${times}`);
      equal(
        await trimAll(log, address, { olderThan: times[0] ?? 0 }),
        { removed: 0, firstSeq: 1 },
        "the first time",
      );
      equal(
        await trimAll(log, address, { olderThan: middle }),
        { removed: 2, firstSeq: 3 },
        "the middle time",
      );
      equal(await seqsOf(context.other.log, address), [3, 4, 5], "seqs");
      equal(
        await trimAll(log, address, { olderThan: (times[4] ?? 0) + 1 }),
        { removed: 3, firstSeq: 6 },
        "a time after all",
      );
    },
  },
  {
    id: "log/trim-takes-a-prefix",
    area: "log",
    needs: ["rewind"],
    contract:
      "When clocks went back, `olderThan` removes the longest prefix that is all older, and no island behind it.",
    async run(context) {
      if (context.rewind === undefined) return;
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(2, "first"));
      await context.advance(60_000);
      await log.append(address, [says("late clock")]);
      await context.rewind(60_000);
      await log.append(address, messages(2, "recorded earlier"));
      const times = (await eventsOf(log, address)).map(({ recordedAt }) => recordedAt);
      const bound = present(times[2], "the time of the third event");
      equal(await trimAll(log, address, { olderThan: bound }), { removed: 2, firstSeq: 3 }, "the trim");
      equal(await seqsOf(log, address), [3, 4, 5], "seqs");
    },
  },
  {
    id: "log/trim-of-nothing",
    area: "log",
    contract:
      "A missing session has nothing to trim; a trim names exactly one bound; nothing comes into being.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context, "missing");
      const { removed, more } = await log.trim(address, { beforeSeq: 5 });
      equal([removed, more], [0, false], "a trim of a missing session");
      equal(await log.head(address), undefined, "its head");
      await log.append(address, messages(2));
      const both = { beforeSeq: 2, olderThan: 5 } as unknown as { readonly beforeSeq: number };
      const neither = {} as unknown as { readonly beforeSeq: number };
      for (const bounds of [both, neither, { beforeSeq: 0 }, { beforeSeq: 1.5 }, { olderThan: Number.NaN }]) {
        await refuses(
          () => log.trim(address, bounds),
          "invalid-input",
          `a trim with ${JSON.stringify(bounds)}`,
        );
      }
      equal(await seqsOf(log, address), [1, 2], "seqs");
      await letExpire(context, address);
      equal((await log.trim(address, { beforeSeq: 5 })).removed, 0, "a trim of an expired session");
    },
  },
  {
    id: "log/trim-names-its-incarnation",
    area: "log",
    contract:
      "A trim that names an incarnation which is gone is `history-lost` and removes nothing of the new one.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const { incarnation } = await log.append(address, messages(3));
      equal((await log.trim(address, { beforeSeq: 2, incarnation })).removed, 1, "a trim of the living one");
      await log.delete(address);
      const late = (): Promise<unknown> => log.trim(address, { beforeSeq: 3, incarnation });
      await refuses(late, "history-lost", "a trim after the delete");
      await context.other.log.append(address, messages(3));
      await refuses(late, "history-lost", "a trim that means the old incarnation");
      equal(await seqsOf(log, address), [1, 2, 3], "seqs of the new one");
    },
  },
  {
    id: "log/trim-keeps-the-effect-of-retractions",
    area: "log",
    contract: "An event stays retracted, and stays the first of the log, when those before it are trimmed.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(4));
      await log.append(address, [retracts(range(1), range(3)), says("six")]);
      await trimAll(log, address, { beforeSeq: 3 });
      equal(await seqsOf(log, address), [4, 5, 6], "seqs");
      equal(await seqsOf(context.other.log, address, { retracted: "only" }), [3], "retracted seqs");
      const head = present(await log.head(address), "the head");
      equal([head.firstSeq, head.events], [3, 4], "firstSeq and events, the retracted one included");
    },
  },
];
