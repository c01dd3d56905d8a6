import { equal, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { addressOf, messages, says, seqsOf, stateOf, textsOf } from "../../samples.ts";

export const guardCases: readonly ConformanceCase[] = [
  {
    id: "log/stale-version-changes-nothing",
    area: "log",
    contract:
      "An append whose expected version is not the current one is a conflict that tells the current version and changes nothing, not even the idle time.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(3), { ttlMs: 60_000 });
      const before = await stateOf(log, address);
      await context.advance(20);
      for (const expectedVersion of [0, 2, 4]) {
        await refuses(
          context.other.log.append(address, [says("late")], { expectedVersion, ttlMs: 90_000 }),
          "conflict",
          `an append that expects version ${expectedVersion}`,
          { conflict: "version", version: 3 },
        );
      }
      equal(await stateOf(log, address), before, "the session after stale appends");
      const result = await log.append(address, [says("four")], { expectedVersion: 3 });
      equal([result.firstSeq, result.version], [4, 4], "an append that expects the current version");
    },
  },
  {
    id: "log/expected-version-zero-creates-only",
    area: "log",
    contract: "Expected version 0 lets the first append in and no other, also when two race.",
    async run(context) {
      const address = addressOf(context);
      const outcomes = await Promise.allSettled(
        [context.store.log, context.other.log].map((log, index) =>
          log.append(address, [says(`racer ${index}`)], { expectedVersion: 0 }),
        ),
      );
      equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1, "racers that were let in");
      equal(await seqsOf(context.store.log, address), [1], "seqs after the race");
      await refuses(
        context.store.log.append(addressOf(context, "missing"), [says("x")], { expectedVersion: 1 }),
        "conflict",
        "expected version 1 of a missing session",
        { conflict: "version", version: 0 },
      );
      equal(await context.store.log.head(addressOf(context, "missing")), undefined, "the missing session");
    },
  },
  {
    id: "log/compare-and-set-loses-no-update",
    area: "log",
    contract: "Of appends that race with the same expected version exactly one is let in, each round.",
    async run(context) {
      const address = addressOf(context);
      const logs = [context.store.log, context.other.log];
      for (let round = 0; round < 6; round++) {
        const outcomes = await Promise.allSettled(
          logs.flatMap((log, handle) =>
            [1, 2].map((turn) =>
              log.append(address, [says(`${round} ${handle} ${turn}`)], { expectedVersion: round }),
            ),
          ),
        );
        equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1, `winners of round ${round}`);
      }
      equal((await textsOf(context.store.log, address)).length, 6, "events after six rounds");
    },
  },
  {
    id: "log/stale-fence-changes-nothing",
    area: "log",
    needs: ["leases"],
    contract:
      "An append with any fence but the newest granted is a conflict and changes nothing; the newest is let in.",
    async run(context) {
      const { log, leases } = context.store;
      if (leases === undefined) return;
      const address = addressOf(context);
      await log.append(address, [says("one")]);
      await refuses(
        log.append(address, [says("x")], { fence: 1 }),
        "conflict",
        "a fence before any was granted",
        { conflict: "fence" },
      );
      const old = await leases.acquire(address, { ttlMs: 60_000 });
      await log.append(address, [says("two")], { fence: old.fence });
      await old.release();
      const newest = await leases.acquire(address, { ttlMs: 60_000 });
      const before = await stateOf(log, address);
      for (const fence of [old.fence, newest.fence + 1]) {
        await refuses(
          context.other.log.append(address, [says("late")], { fence }),
          "conflict",
          "a foreign fence",
          {
            conflict: "fence",
            fence: newest.fence,
          },
        );
      }
      equal(await stateOf(log, address), before, "the session after fenced-off appends");
      await context.other.log.append(address, [says("three")], { fence: newest.fence });
      equal(await seqsOf(log, address), [1, 2, 3], "seqs");
    },
  },
  {
    id: "log/unfenced-append-passes-a-lease",
    area: "log",
    needs: ["leases"],
    contract: "An append without a fence is let in while a lease is held.",
    async run(context) {
      const { log, leases } = context.store;
      if (leases === undefined) return;
      const address = addressOf(context);
      const lease = await leases.acquire(address, { ttlMs: 60_000 });
      await context.other.log.append(address, [says("unfenced")]);
      await log.append(address, [says("fenced")], { fence: lease.fence });
      equal(await textsOf(log, address), ["unfenced", "fenced"], "texts");
    },
  },
];
