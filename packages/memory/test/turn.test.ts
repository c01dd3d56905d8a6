import { type Lease, MemoryError } from "@relevo/core";
import { describe, expect, it, vi } from "vitest";
import { createMemory, currentSession, type Session } from "../src/index.ts";
import { elsewhere, failure, oneStore, texts, user } from "./fixture.ts";

describe("a turn", () => {
  it("runs under a lease that nobody else gets meanwhile, and lets the next one in", async () => {
    const acme = oneStore().memory.tenant("acme");
    const result = await acme.session("chat").turn(async (session) => {
      await session.append(user("1"));
      const refused = elsewhere(() => acme.session("chat").turn(never, { whenBusy: "refuse" }));
      expect((await failure(refused, "conflict")).details.conflict).toBe("lease");
      const impatient = elsewhere(() => acme.session("chat").turn(never, { waitMs: 0 }));
      expect((await failure(impatient, "conflict")).details.conflict).toBe("lease");
      return "done";
    });
    expect(result).toBe("done");
    expect(await acme.session("chat").turn(async () => "next")).toBe("next");
  });

  it("can change nothing after it lost its lease", async () => {
    const { memory, clock } = oneStore();
    const acme = memory.tenant("acme");
    await acme.session("chat").append(user("1"));
    await acme.session("chat").turn(
      async (session) => {
        await session.append(user("2"));
        clock.advance(1_001);
        // The turn slept past its lease and another holder took over.
        await elsewhere(() =>
          acme.session("chat").turn(async (other) => {
            await other.append(user("3"));
            for (const write of [
              () => session.append(user("late")),
              () => session.append(user("late"), { operationId: "late" }),
              () => session.popMessage(),
              () => session.clear(),
              () => session.recordExecution({ output: 1 }),
              () => session.working.remember("step", 1),
              () => session.working.update("step", () => 1),
              () => session.working.forget("step"),
              () => session.agent("writer").remember("draft", 1),
            ]) {
              expect((await failure(write(), "conflict")).details.conflict).toBe("fence");
            }
          }),
        );
      },
      { ttlMs: 1_000 },
    );
    expect(texts(await acme.session("chat").messages())).toEqual(["1", "2", "3"]);
  });

  it("tells the work through its signal when the lease is lost", async () => {
    const { memory, clock } = oneStore();
    const acme = memory.tenant("acme");
    const lost = acme.session("chat").turn(
      async (_, signal) => {
        clock.advance(1_000);
        await acme.session("chat").lease({ ttlMs: 60_000 });
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
      // Renewed after a third of this, in real time.
      { ttlMs: 30 },
    );
    expect((await failure(lost, "conflict")).details.conflict).toBe("lease");
  });

  it("releases the lease when the work throws", async () => {
    const acme = oneStore().memory.tenant("acme");
    const failing = acme.session("chat").turn(async () => {
      throw new Error("the agent failed");
    });
    await expect(failing).rejects.toThrow("the agent failed");
    expect(await acme.session("chat").turn(async () => "next")).toBe("next");
  });

  it("leaves no timer behind", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const session = oneStore().memory.tenant("acme").session();
      await session.turn(async () => expect(vi.getTimerCount()).toBe(1));
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is unsupported where the store has no leases", async () => {
    const { store, clock } = oneStore();
    const bare = { limits: store.limits, log: store.log, documents: store.documents };
    const session = createMemory({ store: bare, clock }).tenant("acme").session();
    await failure(session.lease(), "unsupported");
    await failure(
      session.turn(async () => 1),
      "unsupported",
    );
  });

  it("reports a release that failed and still returns the result", async () => {
    const { store, clock } = oneStore();
    const errors: unknown[] = [];
    const leases = {
      async acquire(...args: Parameters<NonNullable<typeof store.leases>["acquire"]>) {
        const lease = await store.leases?.acquire(...args);
        if (lease === undefined) throw new Error("the store has leases");
        return { ...lease, release: () => Promise.reject(new MemoryError("unavailable", "Down.")) };
      },
      holder: async () => undefined,
    };
    const { limits, log, documents } = store;
    const memory = createMemory({
      store: { limits, log, documents, leases },
      clock,
      onError: (error) => errors.push(error),
    });
    expect(
      await memory
        .tenant("acme")
        .session()
        .turn(async () => 7),
    ).toBe(7);
    expect(errors).toHaveLength(1);
  });

  it("asks for its lease before it trims, erases or touches, and deletes under its fence", async () => {
    const { memory, clock } = oneStore();
    const acme = memory.tenant("acme");
    await acme.session("chat").append(user("1"));
    await acme.session("chat").turn(
      async (session) => {
        await session.touch({ metadata: { turn: 1 } });
        clock.advance(1_001);
        await acme.session("chat").lease({ ttlMs: 60_000 });
        expect((await failure(session.delete(), "conflict")).details.conflict).toBe("fence");
        for (const write of [
          () => session.trim({ beforeSeq: 2 }),
          () => session.erase({ seqs: [1] }),
          () => session.touch({ metadata: { turn: 2 } }),
        ]) {
          expect((await failure(write(), "conflict")).details.conflict).toBe("lease");
        }
      },
      { ttlMs: 1_000 },
    );
    expect(await acme.session("chat").head()).toMatchObject({ firstSeq: 1, metadata: { turn: 1 } });
    expect(texts(await acme.session("chat").messages())).toEqual(["1"]);
  });

  it("shows its fence, for writes that do not go through the session", async () => {
    const { memory, store } = oneStore();
    const session = memory.tenant("acme").session("chat");
    expect(session.fence).toBeUndefined();
    await session.turn(async ({ fence = 0, address }) => {
      const event = { type: "message", body: user("1") } as const;
      expect(await store.log.append(address, [event], { fence })).toMatchObject({ version: 1 });
      const stale = store.log.append(address, [event], { fence: fence - 1 });
      expect((await failure(stale, "conflict")).details.conflict).toBe("fence");
    });
  });

  it("is the current session where its session was, and nowhere else", async () => {
    const acme = oneStore().memory.tenant("acme");
    const [chat, other] = [acme.session("chat"), acme.session("other")];
    await chat.run(async () => {
      await acme.session("chat").turn(async (session) => expect(currentSession()).toBe(session));
      await other.turn(async () => expect(currentSession()).toBe(chat));
      expect(currentSession()).toBe(chat);
    });
    await chat.turn(async () => expect(currentSession()).toBeUndefined());
  });

  it("outlives a renewal that failed in passing", async () => {
    let renewals = 0;
    const session = withRenewal(async (renew) => {
      if (++renewals === 1) throw new MemoryError("unavailable", "Down for a moment.");
      return renew();
    });
    await session.turn(
      async (_, signal) => {
        await expect.poll(() => renewals).toBeGreaterThan(2);
        expect(signal.aborted).toBe(false);
      },
      { ttlMs: 90 },
    );
  });

  it.each([
    {
      store: "fails",
      code: "unavailable",
      answer: () => Promise.reject(new MemoryError("unavailable", "Down.")),
    },
    { store: "does not answer", code: "timeout", answer: () => new Promise<never>(() => {}) },
  ] as const)(
    "ends its signal when the store $store for a whole lifetime, and waits for nothing",
    async ({ code, answer }) => {
      const lost = withRenewal(answer).turn(
        (_, signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
          }),
        { ttlMs: 30 },
      );
      await failure(lost, code);
    },
  );
});

async function never(): Promise<never> {
  throw new Error("must not run");
}

/** A session whose leases are renewed through this function. */
function withRenewal(through: (renew: () => Promise<Lease>) => Promise<Lease>): Session {
  const { store, clock } = oneStore();
  const leases = {
    async acquire(...args: Parameters<NonNullable<typeof store.leases>["acquire"]>) {
      const lease = await store.leases?.acquire(...args);
      if (lease === undefined) throw new Error("the store has leases");
      return {
        ...lease,
        renew: (...given: Parameters<Lease["renew"]>) => through(() => lease.renew(...given)),
      };
    },
    holder: async () => undefined,
  };
  const { limits, log, documents } = store;
  return createMemory({ store: { limits, log, documents, leases }, clock }).tenant("acme").session();
}
