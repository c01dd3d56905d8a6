import { randomUUID } from "node:crypto";
import { MemoryError } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMemory, type Memory, type MemoryStore, type Tenant } from "../../src/index.ts";
import { killable } from "../erasure/plant.ts";
import { user } from "../fixture.ts";
import { killedTogether } from "../turns/killed-together.ts";
import { textOf } from "./interrupted.ts";
import type { InterruptedMove, MovingJob } from "./moving-process.ts";
import { createPlaces, type Place, type PlaceKind } from "./places.ts";
import { type Move, moveBy, plantWorkflow, workflow } from "./workflow.ts";

const places = createPlaces();
afterAll(() => places[Symbol.asyncDispose]());

/** Moves here, without any call after the given one; false when it needed more. */
async function moveHere(
  [first, second]: readonly [Place, Place],
  { tenant, move, diesAfter }: InterruptedMove,
): Promise<boolean> {
  const door = { calls: 0, killAt: diesAfter + 1 };
  const wrap = ({ store }: Place): MemoryStore => {
    const { leases } = store;
    return { ...killable(store, door), ...(leases === undefined ? {} : { leases }) };
  };
  await using memory = createMemory({
    volatile: wrap(first),
    durable: wrap(second),
    sessions: "volatile",
    cache: false,
    onError: () => undefined,
  });
  try {
    await moveBy(memory.tenant(tenant), move);
  } catch (error) {
    if (!MemoryError.isInstance(error, "unavailable")) throw error;
  }
  return door.calls <= diesAfter;
}

const pairs: readonly { readonly from: PlaceKind; readonly to: PlaceKind; readonly first: number }[] = [
  { from: "redis", to: "postgres", first: 1 },
  { from: "postgres", to: "postgres", first: 2 },
  { from: "redis", to: "redis", first: 3 },
  { from: "cluster", to: "postgres", first: 4 },
  { from: "postgres", to: "cluster", first: 5 },
];
interface Planted {
  readonly job: InterruptedMove;
  /** What the workflow says, in the words of its export. */
  readonly before: string;
}

const moves = ["archive", "restore", "idle", "policy"] as const;

describe.each(pairs)("a workflow on its way from $from to $to", ({ from, to, first }) => {
  const needed = [from, to].map((kind) => (kind === "postgres" ? "postgres" : "redis"));
  const available = needed.every((service) => requireService(service, { for: "archives in processes" }));
  describe.skipIf(!available)("is", () => {
    let opened: readonly [Place, Place];
    let memory: Memory;

    beforeAll(async () => {
      opened = [await places.open(from, 0), await places.open(to, 1)];
      const [volatile, durable] = opened.map(({ store }) => store);
      if (volatile === undefined || durable === undefined) throw new Error("There are two stores.");
      memory = createMemory({ volatile, durable, sessions: "volatile", cache: false });
    });
    afterAll(() => memory?.close());

    /** A workflow that is about to be moved, and what it says. */
    const plant = async (move: Move, diesAfter: number): Promise<Planted> => {
      const tenant = `t-${randomUUID()}`;
      const acme = memory.tenant(tenant);
      const before = await plantWorkflow(acme, opened[0].store, tenant);
      if (move === "restore") await acme.archive("case", { forks: true });
      return { job: { tenant, move, diesAfter }, before };
    };

    /** Takes one of the two directions after the move was interrupted, and looks at what is there. */
    const goOn = async ({ job: { tenant, move, diesAfter }, before }: Planted): Promise<void> => {
      const acme = memory.tenant(tenant);
      await endLeases(opened[0].store, tenant);
      const at = `${move} until call ${diesAfter}`;
      const next = diesAfter % 2 === 0 ? "archive" : "restore";
      await acme[next]("case", { forks: true });
      const there = [(await acme.sessions()).items.length, (await acme.archived()).items.length];
      expect(there, at).toEqual(next === "archive" ? [0, 3] : [3, 0]);
      if (next === "archive") await acme.restore("case", { forks: true });
      expect(await textOf(acme, { session: "case" }), at).toBe(before);
      await expectInUse(acme);
    };

    it.concurrent.each(moves)("completed by another call after each of %s", async (move) => {
      // Each pair stops at other calls: what makes them is the same.
      for (let calls = first, isMoved = false; !isMoved; calls += pairs.length) {
        const planted = await plant(move, calls);
        isMoved = await moveHere(opened, planted.job);
        await goOn(planted);
        if (isMoved) expect(calls).toBeGreaterThan(40);
      }
    });

    it("completed when the process of any of them is killed", async () => {
      const stores = opened.map(({ kind, url }) => ({ kind, url }));
      const stops = Array.from({ length: 5 }, (_, index) => first * 3 + 29 * index);
      const planted = await Promise.all(
        moves.flatMap((move) => stops.map((diesAfter) => plant(move, diesAfter))),
      );
      const script = new URL("./moving-process.ts", import.meta.url);
      const moved = await killedTogether(script, {
        stores,
        moves: planted.map(({ job }) => job),
      } satisfies MovingJob);
      await Promise.all(planted.map(goOn));
      const calls = moves.map(
        (move) => planted.find(({ job }, index) => job.move === move && moved[index] === true)?.job.diesAfter,
      );
      for (const most of calls) expect(most).toBeGreaterThan(40);
    });
  });
});

/** The leases of a process that is dead would end by themselves, after seconds. */
async function endLeases({ leases }: MemoryStore, tenant: string): Promise<void> {
  for (const session of workflow) {
    const lease = await leases?.acquire({ tenant, session }, { ttlMs: 1_000, takeOver: true });
    await lease?.release();
  }
}

async function expectInUse(acme: Tenant): Promise<void> {
  for (const id of workflow) await acme.session(id).append(user("goes on"));
  const retry = await acme.session("fork").append(user("another way"), { operationId: "in the fork" });
  expect(retry.replayed).toBe(true);
  expect((await acme.archived()).items).toEqual([]);
}
