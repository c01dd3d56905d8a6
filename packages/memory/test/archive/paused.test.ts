import { createManualClock } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createMemory, type Memory, type MemoryStore } from "../../src/index.ts";
import { texts, user } from "../fixture.ts";
import { pausing } from "./pausing.ts";

type Move = "archive" | "restore";

/**
 * Pauses a move for longer than its lease lasts, before each of its calls in turn; meanwhile another process does these
 * things, and in the end all that it wrote is there. Returns how many calls the move has.
 */
async function pauseEach(move: Move, meanwhile: readonly (Move | "write")[]): Promise<number> {
  for (let at = 1; ; at++) {
    const clock = createManualClock();
    const volatile = createMemoryStore({ clock, sweepIntervalMs: 0 });
    const durable = createMemoryStore({ clock, sweepIntervalMs: 0 });
    const open = (pair: { volatile: MemoryStore; durable: MemoryStore }): Memory =>
      createMemory({ ...pair, sessions: "volatile", clock, cache: false, onError: () => undefined });
    await using other = open({ volatile, durable });
    const acme = other.tenant("acme");
    await acme.session("case").append(user("first"));
    if (move === "restore") await acme.archive("case");
    let calls = 0;
    let written = 0;
    const pause = async (): Promise<void> => {
      if (++calls !== at) return;
      clock.advance(11_000);
      for (const step of meanwhile)
        if (step === "write") {
          await acme.session("case").working.remember(`written ${written}`, written);
          written++;
        } else await acme[step]("case");
    };
    await using paused = open({ volatile: pausing(volatile, pause), durable: pausing(durable, pause) });
    await paused
      .tenant("acme")
      [move]("case")
      .catch((error: unknown) =>
        expect(error).toMatchObject({ code: /^(conflict|history-lost|not-found)$/u }),
      );
    if (calls < at) return at - 1;
    const what = `paused before call ${at} of ${move}`;
    const said = ["first"];
    // Nobody has to move it again before it takes writes.
    if (meanwhile.at(-1) !== "archive") {
      await acme.session("case").append(user("at once"));
      said.push("at once");
    }
    expect(await acme.restore("case").catch((error: unknown) => error), what).toMatchObject({
      session: "case",
    });
    const session = acme.session("case");
    expect(texts(await session.messages()), what).toEqual(said);
    const { items } = await session.working.entries();
    expect(items.length, what).toBe(written);
    expect((await acme.archived()).items, what).toEqual([]);
    await session.append(user("goes on"));
  }
}

describe("a move that pauses for longer than its lease, before any of its calls,", () => {
  it.each<[Move, readonly (Move | "write")[]]>([
    ["archive", ["archive", "restore"]],
    ["archive", ["archive", "restore", "write"]],
    ["archive", ["archive", "restore", "write", "archive"]],
    ["archive", ["restore", "write"]],
    ["restore", ["restore", "write"]],
    ["restore", ["restore", "archive"]],
    ["restore", ["restore", "write", "archive"]],
  ])("%s, ends nothing that others did meanwhile: %j", async (move, meanwhile) => {
    expect(await pauseEach(move, meanwhile)).toBeGreaterThan(10);
  });
});
