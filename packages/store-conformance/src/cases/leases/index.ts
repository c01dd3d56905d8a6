import type { Leases } from "@relevo/core";
import { check, equal, inBackground, inTime, present, refuses, within } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { addressOf, messages, says, seqsOf } from "../../samples.ts";
import { takeoverCases } from "./takeover.ts";

const longMs = 600_000;
/** Short enough to wait for; where it must not pass too early, a case uses `inTime`. */
const shortMs = 1_000;

/** A wait that should have ended is given up after this long: far above what a busy machine needs. */
const hangMs = 120_000;

/** The cases of leases. */
export const leaseCases: readonly ConformanceCase[] = [
  {
    id: "leases/one-holder-at-a-time",
    area: "leases",
    needs: ["leases"],
    contract:
      "While a lease is held nobody else gets it, through either handle; without waiting that is a conflict `lease`. Sessions do not share theirs.",
    async run(context) {
      const { leases } = context.store;
      const others = context.other.leases;
      if (leases === undefined || others === undefined) return;
      const address = addressOf(context);
      const lease = await leases.acquire(address, { ttlMs: longMs });
      check(Number.isSafeInteger(lease.fence) && lease.fence > 0, `the fence is ${lease.fence}`);
      for (const one of [leases, others]) {
        const error = await refuses(one.acquire(address, { ttlMs: longMs }), "conflict", "a second holder", {
          conflict: "lease",
        });
        equal(error.retryable, true, "retryable of a lease that is held");
        await refuses(one.acquire(address, { ttlMs: longMs, waitMs: 0 }), "conflict", "a second holder", {
          conflict: "lease",
        });
      }
      const neighbours = [
        addressOf(context, "session2"),
        { tenant: `${context.tenant}2`, session: "session" },
      ];
      for (const neighbour of neighbours)
        await (await others.acquire(neighbour, { ttlMs: longMs })).release();
      const racers = await Promise.allSettled(
        [leases, others, leases, others].map((one) =>
          one.acquire(addressOf(context, "race"), { ttlMs: longMs }),
        ),
      );
      equal(racers.filter(({ status }) => status === "fulfilled").length, 1, "racers that got the lease");
      equal(await context.store.log.head(address), undefined, "the session that a lease does not create");
    },
  },
  {
    id: "leases/release-lets-the-next-in",
    area: "leases",
    needs: ["leases"],
    contract:
      "A release lets the next holder in, can be repeated, and leaves a lease that is another's alone.",
    async run(context) {
      const { leases } = context.store;
      const others = context.other.leases;
      if (leases === undefined || others === undefined) return;
      const address = addressOf(context);
      const first = await leases.acquire(address, { ttlMs: longMs });
      await first.release();
      await first.release();
      const second = await others.acquire(address, { ttlMs: longMs });
      await first.release();
      await refuses(leases.acquire(address, { ttlMs: longMs }), "conflict", "a third holder", {
        conflict: "lease",
      });
      await second.release();
      await (await leases.acquire(address, { ttlMs: longMs })).release();
    },
  },
  {
    id: "leases/expiry-lets-the-next-in",
    area: "leases",
    needs: ["leases"],
    contract:
      "A lease that was not renewed ends after `ttlMs` by the store's clock, and the next holder gets in.",
    run: (outer) =>
      inTime(outer, async (context, ttlMs) => {
        const { leases } = context.store;
        const others = context.other.leases;
        if (leases === undefined || others === undefined) return;
        const address = addressOf(context);
        const first = await leases.acquire(address, { ttlMs });
        await context.advance(100);
        await refuses(others.acquire(address, { ttlMs: longMs }), "conflict", "a holder before expiry", {
          conflict: "lease",
        });
        await context.advance(ttlMs);
        const second = await others.acquire(address, { ttlMs: longMs });
        check(second.fence > first.fence, `fences ${first.fence} and ${second.fence}`);
        await first.release();
        await refuses(leases.acquire(address, { ttlMs: 50 }), "conflict", "a holder after a late release");
      }),
  },
  {
    id: "leases/renewal-lengthens",
    area: "leases",
    needs: ["leases"],
    contract: "A renewal keeps the fence and moves the end; the lease is held until then.",
    run: (outer) =>
      inTime(outer, async (context, ttlMs) => {
        const { leases } = context.store;
        const others = context.other.leases;
        if (leases === undefined || others === undefined) return;
        const address = addressOf(context);
        const lease = await leases.acquire(address, { ttlMs });
        await context.advance(ttlMs / 2);
        const renewed = await lease.renew();
        equal(renewed.fence, lease.fence, "the fence after a renewal");
        check(
          renewed.expiresAt > lease.expiresAt,
          `expiresAt ${lease.expiresAt} after a renewal: ${renewed.expiresAt}`,
        );
        await context.advance(ttlMs / 2 + 50);
        await refuses(others.acquire(address, { ttlMs: 50 }), "conflict", "a holder during a renewed lease");
        const longer = await renewed.renew({ ttlMs: longMs });
        const gained = longer.expiresAt - renewed.expiresAt;
        check(gained > longMs / 2, `a renewal with ${longMs} ms moved the end by ${gained} ms`);
        await context.store.log.append(address, [says("one")], { fence: longer.fence });
        await longer.release();
        await (await others.acquire(address, { ttlMs: 50 })).release();
      }),
  },
  {
    id: "leases/no-renewal-after-the-end",
    area: "leases",
    needs: ["leases"],
    contract:
      "Renewing a lease that was released, or after another holder was let in, is a conflict and takes nothing.",
    async run(context) {
      const { leases } = context.store;
      const others = context.other.leases;
      if (leases === undefined || others === undefined) return;
      const address = addressOf(context);
      const released = await leases.acquire(address, { ttlMs: longMs });
      await released.release();
      await refuses(released.renew(), "conflict", "a renewal after release");
      const overtaken = await leases.acquire(address, { ttlMs: shortMs });
      await context.advance(shortMs + 100);
      const holder = await others.acquire(address, { ttlMs: longMs });
      await refuses(overtaken.renew(), "conflict", "a renewal after another holder was let in");
      await context.store.log.append(address, [says("one")], { fence: holder.fence });
      await holder.renew();
      await holder.release();
    },
  },
  {
    id: "leases/waiting",
    area: "leases",
    needs: ["leases"],
    contract:
      "`waitMs` waits for a release or an expiry, lets those who wait in one by one, and ends in a conflict.",
    async run(context) {
      const { leases } = context.store;
      const others = context.other.leases;
      if (leases === undefined || others === undefined) return;
      const address = addressOf(context);
      const first = await leases.acquire(address, { ttlMs: longMs });
      let holders = 0;
      let most = 0;
      const wait = async (one: Leases): Promise<number> => {
        const lease = await one.acquire(address, { ttlMs: longMs, waitMs: longMs });
        holders++;
        most = Math.max(most, holders);
        await context.store.log.append(address, [says("turn")], { fence: lease.fence });
        holders--;
        await lease.release();
        return lease.fence;
      };
      const waiters = [others, leases, others].map((one) => inBackground(wait(one)));
      await context.store.log.append(address, [says("turn")], { fence: first.fence });
      await first.release();
      const fences = await within(hangMs, Promise.all(waiters), "waiting for released leases");
      equal([new Set(fences).size, most], [3, 1], "waiters that got in, and how many at a time");
      equal(await seqsOf(context.store.log, address), [1, 2, 3, 4], "turns");

      const expiring = await leases.acquire(address, { ttlMs: 200 });
      const next = inBackground(others.acquire(address, { ttlMs: longMs, waitMs: longMs }));
      await context.advance(400);
      const holder = await within(hangMs, next, "waiting for an expired lease");
      check(holder.fence > expiring.fence, "a waiter got in with an older fence");
      const inVain = inBackground(
        refuses(leases.acquire(address, { ttlMs: 50, waitMs: 150 }), "conflict", "waiting in vain", {
          conflict: "lease",
        }),
      );
      await context.advance(400);
      await within(hangMs, inVain, "waiting in vain");
    },
  },
  {
    id: "leases/waiting-can-be-aborted",
    area: "leases",
    needs: ["leases"],
    contract: "Aborting while waiting ends the wait with `aborted`; the aborted waiter never gets the lease.",
    async run(context) {
      const { leases } = context.store;
      const others = context.other.leases;
      if (leases === undefined || others === undefined) return;
      const address = addressOf(context);
      const holder = await leases.acquire(address, { ttlMs: longMs });
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = refuses(
        others.acquire(address, { ttlMs: longMs, waitMs: longMs, signal }),
        "aborted",
        "an aborted wait",
      );
      controller.abort();
      await within(hangMs, waiting, "an aborted wait");
      await refuses(
        others.acquire(address, { ttlMs: longMs, signal }),
        "aborted",
        "an acquire that was aborted before",
      );
      await holder.release();
      await (await leases.acquire(address, { ttlMs: longMs })).release();
    },
  },
  {
    id: "leases/fences-only-grow",
    area: "leases",
    needs: ["leases"],
    contract:
      "Every lease of a session has a greater fence than all before it: after release, expiry and delete too.",
    async run(context) {
      const { leases } = context.store;
      const others = context.other.leases;
      if (leases === undefined || others === undefined) return;
      const address = addressOf(context);
      let last = 0;
      const next = async (what: string): Promise<number> => {
        const lease = await present([leases, others][last % 2], "a handle").acquire(address, {
          ttlMs: longMs,
        });
        check(lease.fence > last, `the fence ${what} is ${lease.fence}, after ${last}`);
        last = lease.fence;
        await lease.release();
        return lease.fence;
      };
      for (let turn = 0; turn < 5; turn++) await next("after release");
      await context.store.log.append(address, messages(1));
      await context.store.log.delete(address);
      const old = await next("after delete");
      await context.store.log.append(address, messages(1));
      await context.store.log.delete(address);
      await context.rewind?.(60_000);
      await next("after the clock went back");
      await refuses(
        context.store.log.append(address, [says("late")], { fence: old }),
        "conflict",
        "an old fence after a delete",
        { conflict: "fence" },
      );
    },
  },
  {
    id: "leases/paused-holder-is-fenced-off",
    area: "leases",
    needs: ["leases"],
    contract:
      "A holder that slept past its lease is refused at append once another was let in, whatever it believes.",
    async run(context) {
      const { leases, log } = context.store;
      const others = context.other.leases;
      if (leases === undefined || others === undefined) return;
      const address = addressOf(context);
      const paused = await leases.acquire(address, { ttlMs: shortMs });
      await log.append(address, [says("before the pause")], { fence: paused.fence });
      await context.advance(shortMs + 100);
      const holder = await others.acquire(address, { ttlMs: longMs });
      await refuses(
        log.append(address, [says("after the pause")], { fence: paused.fence, expectedVersion: 1 }),
        "conflict",
        "an append of the paused holder",
        { conflict: "fence", fence: holder.fence },
      );
      await context.other.log.append(address, [says("of the holder")], { fence: holder.fence });
      equal(await seqsOf(log, address), [1, 2], "seqs");
      await holder.release();
      await refuses(
        log.append(address, [says("later still")], { fence: paused.fence }),
        "conflict",
        "an append of the paused holder after the other released",
        { conflict: "fence" },
      );
    },
  },
  ...takeoverCases,
];
