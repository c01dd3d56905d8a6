import { createManualClock, MemoryError } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createMemory, type Memory, type MemoryStore } from "../../src/index.ts";
import { texts, user } from "../fixture.ts";
import { pausing } from "./pausing.ts";

type Move = "archive" | "restore";

/** A process that moves the session and stops before one of its calls until it is woken. */
interface Mover {
  readonly calls: number;
  /** It has stopped, or ended. */
  readonly stopped: Promise<void>;
  wake(): Promise<unknown>;
}

interface Pair {
  readonly volatile: MemoryStore;
  readonly durable: MemoryStore;
}

interface Stop {
  readonly before: number;
  /** This call is not answered, so that the move gives the session back. */
  readonly failAt?: number | undefined;
}

function start(open: (pair: Pair) => Memory, pair: Pair, move: Move, { before, failAt }: Stop): Mover {
  const stopped = Promise.withResolvers<void>();
  const woken = Promise.withResolvers<void>();
  let calls = 0;
  const pause = async (): Promise<void> => {
    calls++;
    if (calls === failAt) throw new MemoryError("unavailable", "The store did not answer.");
    if (calls !== before) return;
    stopped.resolve();
    await woken.promise;
  };
  const memory = open({ volatile: pausing(pair.volatile, pause), durable: pausing(pair.durable, pause) });
  const moving = memory
    .tenant("acme")
    [move]("case")
    .catch((error: unknown) => error)
    .finally(() => stopped.resolve());
  return {
    get calls() {
      return calls;
    },
    stopped: stopped.promise,
    async wake() {
      woken.resolve();
      const result = await moving;
      await memory.close();
      return result;
    },
  };
}

/**
 * One process stops before a call for longer than its lease and is woken in the middle of the move of the next holder: for
 * every pair of their calls the next holder does what it was asked for, and the session is whole where that has left it.
 */
async function wakeInTheMiddle(late: Move, next: Move, failAt?: number): Promise<number> {
  let pairs = 0;
  for (let at = (failAt ?? 0) + 1; ; at++)
    // Every third of the other's calls, another third for each of these.
    for (let until = 1 + (at % 3); ; until += 3) {
      const clock = createManualClock();
      const store = (): MemoryStore => createMemoryStore({ clock, sweepIntervalMs: 0 });
      const pair = { volatile: store(), durable: store() };
      const open = (stores: Pair): Memory =>
        createMemory({ ...stores, sessions: "volatile", clock, cache: false, onError: () => undefined });
      await using third = open(pair);
      const acme = third.tenant("acme");
      await acme.session("case").append(user("first"));
      await acme.session("case").working.remember("step", 1);
      if (late === "restore") await acme.archive("case");

      const sleeper = start(open, pair, late, { before: at, failAt });
      await sleeper.stopped;
      if (sleeper.calls < at) {
        await sleeper.wake();
        return pairs;
      }
      clock.advance(11_000);
      const holder = start(open, pair, next, { before: until });
      await holder.stopped;
      await sleeper.wake();
      const isWhole = holder.calls < until;
      const result = await holder.wake();
      pairs++;
      const what = `${late} woken before its call ${at}, when ${next} was before its call ${until}`;
      expect(result, what).toMatchObject({ session: "case" });
      const { items: archived } = await acme.archived();
      if (next === "restore") {
        expect(archived, what).toEqual([]);
        await acme.session("case").append(user("second"));
      } else {
        expect(archived, what).toHaveLength(1);
        expect(await acme.session("case").head(), what).toBeUndefined();
        await acme.restore("case");
      }
      const session = acme.session("case");
      expect(texts(await session.messages()), what).toEqual(
        next === "restore" ? ["first", "second"] : ["first"],
      );
      expect(await session.working.recall("step"), what).toBe(1);
      if (isWhole) break;
    }
}

describe("a process that wakes, past its lease, in the middle of the next holder's move", () => {
  it.each<[Move, Move]>([
    ["archive", "restore"],
    ["archive", "archive"],
    ["restore", "archive"],
    ["restore", "restore"],
  ])("%s changes nothing of what %s does", async (late, next) => {
    expect(await wakeInTheMiddle(late, next)).toBeGreaterThan(50);
  });

  it.each<Move>(["archive", "restore"])(
    "an archiving that failed, and gives the session back, changes nothing of what %s does",
    async (next) => {
      // The second copy of the documents.
      expect(await wakeInTheMiddle("archive", next, 12)).toBeGreaterThan(10);
    },
  );
});
