import type { LeaseHolder, Leases } from "@relevo/core";
import { check, equal, inBackground, inTime, present, refuses, within } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { addressOf, says, seqsOf } from "../../samples.ts";

const longMs = 600_000;
const hangMs = 120_000;

/** Who holds a lease, and taking it from them. */
export const takeoverCases: readonly ConformanceCase[] = [
  {
    id: "leases/holder-is-told",
    area: "leases",
    needs: ["leases"],
    contract:
      "`holder` answers fence and end of the present lease through every handle and takes nothing; `undefined` before, after a release and after the end.",
    run: (outer) =>
      inTime(outer, async (context, ttlMs) => {
        const { leases } = context.store;
        const others = context.other.leases;
        if (leases === undefined || others === undefined) return;
        const address = addressOf(context);
        const expectHolder = async (expected: LeaseHolder | undefined, what: string): Promise<void> => {
          for (const one of [leases, others]) equal(await one.holder(address), expected, what);
        };
        await expectHolder(undefined, "the holder before the first lease");
        equal(await context.store.log.head(address), undefined, "the session that `holder` does not create");
        const lease = await leases.acquire(address, { ttlMs: longMs });
        const { fence, expiresAt } = lease;
        await expectHolder({ fence, expiresAt }, "the holder of a lease");
        equal(await others.holder(addressOf(context, "neighbour")), undefined, "the holder of a neighbour");
        const renewed = await lease.renew({ ttlMs: 2 * longMs });
        await expectHolder({ fence, expiresAt: renewed.expiresAt }, "the holder after a renewal");
        await context.store.log.append(address, [says("one")], { fence });
        await renewed.release();
        await expectHolder(undefined, "the holder after a release");
        const short = await others.acquire(address, { ttlMs });
        await expectHolder({ fence: short.fence, expiresAt: short.expiresAt }, "the holder of a short lease");
        await context.advance(ttlMs + 100);
        await expectHolder(undefined, "the holder after the end");
        const next = await leases.acquire(address, { ttlMs: longMs });
        await context.store.log.delete(address);
        await expectHolder(
          { fence: next.fence, expiresAt: next.expiresAt },
          "the holder after the session was deleted",
        );
      }),
  },
  {
    id: "leases/takeover-ends-the-holder",
    area: "leases",
    needs: ["leases"],
    contract:
      "`takeOver` grants at once with a greater fence; renewals, appends and puts of the superseded holder are refused, and its release changes nothing.",
    async run(context) {
      const { leases, log, documents } = context.store;
      const others = context.other.leases;
      if (leases === undefined || others === undefined) return;
      const address = addressOf(context);
      const old = await leases.acquire(address, { ttlMs: longMs });
      await log.append(address, [says("of the old holder")], { fence: old.fence });
      const holder = await within(hangMs, takeOver(others, address), "a takeover");
      check(holder.fence > old.fence, `the fence after a takeover is ${holder.fence}, after ${old.fence}`);
      equal(
        await leases.holder(address),
        { fence: holder.fence, expiresAt: holder.expiresAt },
        "the holder after a takeover",
      );
      const superseded = { conflict: "fence", fence: holder.fence } as const;
      await refuses(old.renew(), "conflict", "a renewal of the superseded holder", { conflict: "lease" });
      await refuses(
        log.append(address, [says("late")], { fence: old.fence }),
        "conflict",
        "an append of the superseded holder",
        superseded,
      );
      const note = { ...address, namespace: ["notes"], key: "k" };
      await refuses(
        documents.put(note, { value: "late" }, { fence: old.fence }),
        "conflict",
        "a put of the superseded holder",
        superseded,
      );
      await old.release();
      await refuses(leases.acquire(address, { ttlMs: longMs }), "conflict", "a third holder", {
        conflict: "lease",
      });
      await log.append(address, [says("of the new holder")], { fence: holder.fence });
      await documents.put(note, { value: "new" }, { fence: holder.fence });
      await holder.renew();
      equal(await seqsOf(log, address), [1, 2], "seqs");
      await holder.release();
      const free = await takeOver(leases, address);
      check(free.fence > holder.fence, "a takeover of a free lease has an old fence");
    },
  },
  {
    id: "leases/takeover-leaves-those-who-wait",
    area: "leases",
    needs: ["leases"],
    contract:
      "Calls that wait for a lease go on waiting after a takeover, and get in when the new holder releases.",
    async run(context) {
      const { leases, log } = context.store;
      const others = context.other.leases;
      if (leases === undefined || others === undefined) return;
      const address = addressOf(context);
      await leases.acquire(address, { ttlMs: longMs });
      let granted = 0;
      const waiting = inBackground(
        others.acquire(address, { ttlMs: longMs, waitMs: longMs }).then((lease) => {
          granted = lease.fence;
          return lease;
        }),
      );
      const holder = await takeOver(others, address);
      await log.append(address, [says("of the new holder")], { fence: holder.fence });
      equal(granted, 0, "the fence of the call that waits, while another holder was let in");
      equal(
        present(await others.holder(address), "the holder").fence,
        holder.fence,
        "the fence of the holder",
      );
      await holder.release();
      const next = await within(hangMs, waiting, "waiting after a takeover");
      check(next.fence > holder.fence, "the call that waited got an old fence");
      await next.release();
    },
  },
];

function takeOver(leases: Leases, address: ReturnType<typeof addressOf>): ReturnType<Leases["acquire"]> {
  return leases.acquire(address, { ttlMs: longMs, takeOver: true });
}
