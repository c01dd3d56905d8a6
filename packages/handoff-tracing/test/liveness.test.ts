import { type DocumentStore, isConflict, MemoryError } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { describe, expect, test } from "vitest";
import { createHandoffs, type HandoffsOptions } from "../src/create-handoffs.ts";
import type { Handoffs } from "../src/handoffs.ts";
import { HandoffNotRecorded } from "../src/record/handoff-errors.ts";
import { signAddress } from "../src/record/liveness.ts";
import { type Bench, bench, bound, rejectionOf, work } from "./support.ts";

/** Handoffs of another process on the same store. */
function elsewhere(on: Bench, options: Partial<HandoffsOptions> = {}): Handoffs {
  const { log, documents, leases } = on.store;
  return createHandoffs({ log, documents, leases, clock: on.clock, ...options });
}

/** A bench whose handoffs give signs of life that last for a minute. */
function living(
  options: Partial<HandoffsOptions> = {},
  wrap: (documents: DocumentStore) => DocumentStore = (documents) => documents,
): Bench {
  const on = bench();
  const { log, documents, leases } = on.store;
  const handoffs = createHandoffs({
    log,
    documents: wrap(documents),
    leases,
    clock: on.clock,
    signOfLifeMs: 60_000,
    onError: (error, problem) => on.problems.push({ error, problem }),
    ...options,
  });
  return { ...on, handoffs };
}

async function statuses(on: Bench): Promise<string[]> {
  return (await on.records()).map(({ status }) => status);
}

describe("a handoff whose process gives no sign of life", () => {
  test("is marked as abandoned when its sign has expired, and not before", async () => {
    const on = living();
    const { handoffId } = await on.handoffs.start(on.session, { ...work, data: { secret: 1 } });
    expect(await elsewhere(on).abandonStale(on.session)).toEqual([]);
    on.clock.advance(59_999);
    expect(await elsewhere(on).abandonStale(on.session)).toEqual([]);
    on.clock.advance(2);
    const { from, to } = work;
    expect(await elsewhere(on).abandonStale(on.session)).toEqual([{ ...on.session, handoffId, from, to }]);
    expect(await elsewhere(on).abandonStale(on.session)).toEqual([]);
    const [, end] = await on.records();
    expect(end).toEqual({
      ...work,
      handoffId,
      priority: "normal",
      mode: "transfer",
      depth: 0,
      status: "abandoned",
    });
    expect((await on.handoffs.chain(on.session)).entries).toMatchObject([
      { handoffId, status: "abandoned", data: { secret: 1 } },
    ]);
  });

  test("gets one mark, however many mark at once", async () => {
    const on = living();
    await on.handoffs.start(on.session, work);
    on.clock.advance(60_001);
    const marks = await Promise.all(Array.from({ length: 5 }, () => elsewhere(on).abandonStale(on.session)));
    expect(marks.flat()).toHaveLength(1);
    expect(await statuses(on)).toEqual(["started", "abandoned"]);
  });

  test("keeps its own end when that comes first", async () => {
    const on = living();
    const handle = await on.handoffs.start(on.session, work);
    on.clock.advance(60_001);
    const slow = elsewhere(on, {
      log: {
        ...bound(on.log),
        append: async (...call) => {
          await handle.complete();
          return await on.log.append(...call);
        },
      },
    });
    expect(await slow.abandonStale(on.session)).toEqual([]);
    expect(await statuses(on)).toEqual(["started", "completed"]);
  });

  test("is told when it was only asleep: its end is refused, and its result is not lost", async () => {
    const on = living();
    const running = on.handoffs.run({ ...work, session: on.session }, async () => {
      on.clock.advance(60_001);
      await elsewhere(on).abandonStale(on.session);
      return "the work is done";
    });
    const error = await rejectionOf(running);
    expect(error).toBeInstanceOf(HandoffNotRecorded);
    expect(error).toMatchObject({ code: "conflict", result: "the work is done" });
    const { cause } = error as HandoffNotRecorded;
    expect(isConflict(cause, "operation") && cause.message).toContain("was marked as abandoned");
    expect(await statuses(on)).toEqual(["started", "abandoned"]);
  });

  test("can still be rebuilt when what its record repeats is erased after the mark", async () => {
    const on = living();
    await on.say("secret", "public");
    const policy = ({ messages }: { readonly messages: readonly { readonly content: unknown }[] }) => [
      { role: "user" as const, content: `They said ${messages[0]?.content}` },
      ...(messages.slice(1) as []),
    ];
    const { handoffId } = await on.handoffs.start(on.session, { ...work, policy });
    on.clock.advance(60_001);
    await elsewhere(on).abandonStale(on.session);
    await on.log.erase(on.session, { seqs: [{ from: 1, to: 1 }] });
    expect(JSON.stringify((await on.log.read(on.session)).events)).not.toContain("secret");
    expect((await on.handoffs.rebuild(on.session, handoffId))?.messages).toMatchObject([
      { missing: "erased" },
      { message: { content: "public" } },
    ]);
  });

  test("is left alone when its start names no sign, unless it is older than the caller says", async () => {
    const on = living();
    const without = elsewhere(on, { documents: undefined, leases: undefined });
    await without.start(on.session, work);
    on.clock.advance(3_600_000);
    const other = elsewhere(on);
    expect(await other.abandonStale(on.session)).toEqual([]);
    expect(await other.abandonStale(on.session, { olderThanMs: 3_600_001 })).toEqual([]);
    expect(await other.abandonStale(on.session, { olderThanMs: 3_600_000 })).toHaveLength(1);
  });

  test("cannot be judged by who does not see its sign", async () => {
    const on = living();
    await on.handoffs.start(on.session, work);
    const blind = elsewhere(on, { documents: undefined });
    expect(await rejectionOf(blind.abandonStale(on.session))).toMatchObject({ code: "unsupported" });
  });
});

describe("a sign of life", () => {
  test("is renewed for as long as the handoff runs, and no longer", async () => {
    const on = living({ signOfLifeMs: 60 });
    const handle = await on.handoffs.start(on.session, work);
    const sign = signAddress(on.session, handle.handoffId);
    for (let round = 0; round < 4; round++) {
      on.clock.advance(50);
      await expect
        .poll(async () => (await on.store.documents.get(sign))?.expiresAt)
        .toBe(on.clock.now() + 60);
      expect(await elsewhere(on).abandonStale(on.session)).toEqual([]);
    }
    await handle.complete();
    on.clock.advance(61);
    expect(await on.store.documents.get(sign)).toBeUndefined();
    expect(await statuses(on)).toEqual(["started", "completed"]);
  });

  test("is there before the start, moves no version, and leaves the lifetime of the session to the session", async () => {
    const on = living();
    const seen: unknown[] = [];
    const watching = elsewhere(on, {
      log: {
        ...bound(on.log),
        append: async (...call) => {
          for (const { body } of call[1] as readonly { body: { handoffId: string } }[])
            seen.push(await on.store.documents.get(signAddress(on.session, body.handoffId)));
          return await on.log.append(...call);
        },
      },
    });
    const tenant = createMemory({ store: on.store, clock: on.clock }).tenant(on.session.tenant);
    const session = tenant.session(on.session.session, { subject: "user-7", ttlMs: 5_000 });
    const handle = await watching.start(session, work);
    expect(seen).toMatchObject([{ value: { handoffId: handle.handoffId } }]);
    const head = await on.log.head(on.session);
    expect(head).toMatchObject({ version: 1, subject: "user-7" });
    expect((head?.expiresAt ?? 0) - (head?.updatedAt ?? 0)).toBe(5_000);
    await handle.complete();
  });

  test("brings no session back that has ended", async () => {
    const on = living();
    await on.say("hello");
    const incarnation = (await on.log.head(on.session))?.incarnation ?? "";
    await on.log.delete(on.session);
    const error = await rejectionOf(on.handoffs.start(on.session, { ...work, incarnation }));
    expect(MemoryError.isInstance(error, "history-lost")).toBe(true);
    expect(await on.log.head(on.session)).toBeUndefined();
  });

  test("that cannot be given is reported, and the handoff runs without one", async () => {
    const broken = (documents: DocumentStore): DocumentStore =>
      new Proxy(documents, {
        get: (target, name) =>
          name === "put"
            ? () => Promise.reject(new MemoryError("unavailable", "no documents"))
            : Reflect.get(target, name, target).bind(target),
      });
    const on = living({}, broken);
    await (await on.handoffs.start(on.session, work)).complete();
    expect(on.problems).toMatchObject([{ problem: { phase: "sign" } }]);
    expect((await on.records())[0]).not.toHaveProperty("liveness");
  });

  test("in a turn is the lease: no document, alive while it is held, dead when another took it", async () => {
    const on = living();
    const lease = await on.store.leases?.acquire(on.session, { ttlMs: 120_000 });
    if (lease === undefined) throw new Error("no lease");
    const { fence } = lease;
    const { handoffId } = await on.handoffs.start({ ...on.session, fence }, work);
    expect((await on.records())[0]).toMatchObject({ liveness: { fence } });
    expect(await on.store.documents.get(signAddress(on.session, handoffId))).toBeUndefined();
    on.clock.advance(119_999);
    expect(await elsewhere(on).abandonStale(on.session)).toEqual([]);
    on.clock.advance(2);
    await on.store.leases?.acquire(on.session, { ttlMs: 60_000 });
    expect(await elsewhere(on).abandonStale(on.session)).toMatchObject([{ handoffId }]);
  });
});

describe("upkeep", () => {
  test("finds the dead among the handoffs of all sessions of one tenant, and says where to go on", async () => {
    const on = living();
    const at = (session: string, tenant = "acme") => ({ tenant, session });
    await on.handoffs.start(at("dead"), work);
    await on.handoffs.start(at("dead", "other"), work);
    await (await on.handoffs.start(at("done"), work)).complete();
    on.clock.advance(60_001);
    const startedAt = on.clock.now();
    await on.handoffs.start(at("alive"), work);
    const ended: string[] = [];
    const keeper = elsewhere(on, { onHandoff: { ended: ({ record }) => ended.push(record.status) } });
    const first = await keeper.upkeep("acme");
    expect(first).toMatchObject({ abandoned: [{ session: "dead", tenant: "acme" }], running: 1 });
    expect(first.next).toBeLessThanOrEqual(startedAt);
    expect(ended).toEqual(["abandoned"]);
    on.clock.advance(60_001);
    const second = await keeper.upkeep("acme", { since: first.next });
    expect(second).toMatchObject({ abandoned: [{ session: "alive" }], running: 0 });
    expect(second.next).toBeGreaterThanOrEqual(first.next);
    expect((await on.log.head(at("dead", "other")))?.version).toBe(1);
  });

  test("goes past handoffs without a sign, unless it is said when they are dead", async () => {
    const on = living();
    const without = elsewhere(on, { documents: undefined, leases: undefined });
    await without.start(on.session, work);
    const startedAt = on.clock.now();
    let scanned = 0;
    const keeper = elsewhere(on, {
      log: {
        ...bound(on.log),
        scan: async (...call) => {
          const page = await on.log.scan(...call);
          scanned += page.items.length;
          return page;
        },
      },
    });
    let free = 0;
    let held = 0;
    for (let round = 0; round < 10; round++) {
      on.clock.advance(600_000);
      await (await without.start(on.session, work)).complete();
      scanned = 0;
      free = (await keeper.upkeep("acme", { since: free })).next;
      // Two events in each round, and those of the round before, which a scan may show late.
      expect(scanned).toBeLessThanOrEqual(4);
      held = (await keeper.upkeep("acme", { since: held, olderThanMs: 86_400_000 })).next;
      expect(held).toBeLessThanOrEqual(startedAt);
    }
    on.clock.advance(86_400_000);
    await (await without.start({ ...on.session, session: "later" }, work)).complete();
    const last = await keeper.upkeep("acme", { since: held, olderThanMs: 86_400_000 });
    expect(last).toMatchObject({ abandoned: [{ session: on.session.session }], running: 0 });
    expect(last.next).toBeGreaterThan(startedAt);
  });

  test("takes over nothing of a session that was deleted meanwhile", async () => {
    const on = living();
    await on.handoffs.start(on.session, work);
    on.clock.advance(60_001);
    const slow = elsewhere(on, {
      log: {
        ...bound(on.log),
        append: async (...call) => {
          await on.log.delete(on.session);
          return await on.log.append(...call);
        },
      },
    });
    expect(await slow.upkeep("acme")).toMatchObject({ abandoned: [] });
    expect(await on.log.head(on.session)).toBeUndefined();
  });
});
