import { type DocumentStore, type EventLog, isConflict, MemoryError } from "@relevo/core";
import type { Session } from "@relevo/memory";
import { describe, expect, test, vi } from "vitest";
import { policies } from "../src/context/policies.ts";
import { createHandoffs } from "../src/create-handoffs.ts";
import { type Bench, bound, done, rejectionOf, work } from "./support.ts";
import { withMemory } from "./with-memory.ts";

const unreachable = (): never => expect.unreachable("the receiver must not run");

/** The lease of the turn runs out, and another holder takes the session. */
async function supersede({ store, clock, session }: Pick<Bench, "store" | "clock"> & { session: Session }) {
  clock.advance(60_000);
  await store.leases?.acquire(session.address, { ttlMs: 10_000 });
}

async function expectFenced(call: Promise<unknown>): Promise<void> {
  const error = await rejectionOf(call);
  expect(isConflict(error, "fence"), String(error)).toBe(true);
}

describe("a session's object", () => {
  test("is recorded under and read by, as its address is", async () => {
    const { handoffs, session, records } = withMemory();
    await session.append({ role: "user", content: "hello" });
    expect(await handoffs.run({ ...work, session }, ({ messages }) => messages.length)).toBe(1);
    expect((await records()).map(({ status }) => status)).toEqual(["started", "completed"]);
    const { entries } = await handoffs.chain(session);
    expect(await handoffs.for(session).graph()).toMatchObject({ edges: [{ count: 1 }] });
    expect((await handoffs.rebuild(session, entries[0]?.handoffId ?? ""))?.messages).toHaveLength(1);
  });

  test("begins as it says when a handoff is its first write, and learns its incarnation", async () => {
    const { handoffs, open, log } = withMemory();
    const session = open({ subject: "user-7", metadata: { source: "web" }, ttlMs: 5_000 });
    await handoffs.run({ ...work, session }, done);
    const head = await log.head(session.address);
    expect(head).toMatchObject({ subject: "user-7", metadata: { source: "web" } });
    expect((head?.expiresAt ?? 0) - (head?.updatedAt ?? 0)).toBe(5_000);
    expect(session.incarnation).toBe(head?.incarnation);
  });

  test("may be created by the sign of life while the session is read, as on a server", async () => {
    for (const call of ["run", "start"] as const) {
      const { open, store } = withMemory();
      const session = open();
      const wasRead = Promise.withResolvers<void>();
      const documents = Object.create(store.documents, {
        put: {
          async value(...given: Parameters<DocumentStore["put"]>) {
            await wasRead.promise;
            return await store.documents.put(...given);
          },
        },
      }) as DocumentStore;
      const log: EventLog = {
        ...bound(store.log),
        async read(...given) {
          const answer = await store.log.read(...given);
          wasRead.resolve();
          await vi.waitUntil(() => session.incarnation !== undefined);
          return answer;
        },
      };
      const handoffs = createHandoffs({ documents, leases: store.leases, log });
      if (call === "run") expect(await handoffs.run({ ...work, session }, done)).toBe("done");
      else await (await handoffs.start(session, { ...work, policy: policies.full() })).complete("done");
      expect((await handoffs.chain(session)).entries).toMatchObject([{ status: "completed" }]);
    }
  });

  test("is refused when it is no session", async () => {
    const { handoffs } = withMemory();
    for (const session of [{}, { address: 7 }, { address: { tenant: "acme" } }, undefined, "lead-7"]) {
      const error = await rejectionOf(handoffs.run({ ...work, session: session as never }, unreachable));
      expect(MemoryError.isInstance(error, "invalid-input"), String(error)).toBe(true);
    }
  });
});

describe("a turn whose lease was superseded", () => {
  test("hands nothing over, under `degrade` neither", async () => {
    for (const onMemoryFailure of ["fail", "degrade"] as const) {
      const on = withMemory({ onMemoryFailure });
      await on.session.turn(async (turn) => {
        await supersede(on);
        await expectFenced(on.handoffs.run({ ...work, session: turn }, unreachable));
        await expectFenced(on.handoffs.start(turn, work));
      });
      expect(await on.records()).toEqual([]);
    }
  });

  test("ends no handoff that it started before", async () => {
    const on = withMemory();
    await on.session.turn(async (turn) => {
      const handle = await on.handoffs.start(turn, work);
      await supersede(on);
      await expectFenced(handle.complete("done"));
      await expectFenced(handle.fail(new Error("mine")));
      await expectFenced(handle.reject("no"));
    });
    expect((await on.records()).map(({ status }) => status)).toEqual(["started"]);
  });

  test("is told that its handoff is not recorded, with the result", async () => {
    const on = withMemory();
    await on.session.turn(async (turn) => {
      const run = on.handoffs.run({ ...work, session: turn }, async () => {
        await supersede(on);
        return "done";
      });
      expect(await rejectionOf(run)).toMatchObject({ code: "conflict", result: "done" });
    });
    expect((await on.records()).map(({ status }) => status)).toEqual(["started"]);
  });

  test("while the lease is held, hands over and ends", async () => {
    const on = withMemory();
    await on.session.turn(async (turn) => {
      expect(await on.handoffs.run({ ...work, session: turn }, done)).toBe("done");
      await (await on.handoffs.start(turn, work)).complete("done");
    });
    expect(await on.records()).toHaveLength(4);
  });
});

describe("a session that was deleted and created again", () => {
  test("is history-lost for the object of the old one", async () => {
    const on = withMemory();
    await on.session.append({ role: "user", content: "old" });
    const handle = await on.handoffs.start(on.session, work);
    await on.log.delete(on.session.address);
    await on.open().append({ role: "user", content: "new" });
    const id = handle.handoffId;
    const calls: { readonly [name: string]: () => Promise<unknown> } = {
      run: () => on.handoffs.run({ ...work, session: on.session }, unreachable),
      start: () => on.handoffs.start(on.session, work),
      complete: () => handle.complete("done"),
      fail: () => handle.fail(new Error("mine")),
      chain: () => on.handoffs.chain(on.session),
      graph: () => on.handoffs.for(on.session).graph(),
      rebuild: () => on.handoffs.rebuild(on.session, id),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await rejectionOf(call());
      expect(MemoryError.isInstance(error, "history-lost"), `${name}: ${String(error)}`).toBe(true);
    }
    expect(await on.records()).toEqual([]);
  });

  test("is another one for a bare address, which names no incarnation", async () => {
    const on = withMemory();
    await on.session.append({ role: "user", content: "old" });
    await on.log.delete(on.session.address);
    await on.open().append({ role: "user", content: "new" });
    expect(await on.handoffs.run({ ...work, session: on.session.address }, done)).toBe("done");
  });
});
