import { describe, expect, it } from "vitest";
import { createConversationPool, missingConversations } from "../src/turn/conversation-pool.ts";
import { runSlice } from "../src/turn/run-slice.ts";
import type { TurnSubject } from "../src/turn/turn-subject.ts";

/** Conversations as their lengths, and how many turns each had at once. */
function counting() {
  const lengths = new Map<string, number>();
  const busy = new Set<string>();
  let most = 0;
  const subject: TurnSubject = {
    name: "counting",
    fill: async (session, messages) => lengths.set(session, messages),
    async turn(session, question) {
      expect(busy.has(session)).toBe(false);
      busy.add(session);
      most = Math.max(most, busy.size);
      await new Promise((resolve) => setImmediate(resolve));
      busy.delete(session);
      lengths.set(session, (lengths.get(session) ?? 0) + 2);
      return { messages: 1, newest: question };
    },
  };
  return { subject, lengths, most: () => most };
}

describe("runSlice", () => {
  it("runs as many turns as asked in as many lanes, and keeps each conversation near its length", async () => {
    const { subject, lengths, most } = counting();
    const pool = createConversationPool(subject, 20, "s");
    for (let slice = 0; slice < 5; slice++) {
      await pool.prepare(4, 33);
      const { turns } = await runSlice(subject, pool, { lanes: 4, turns: 33 });
      expect(turns).toBe(33);
    }
    expect(most()).toBe(4);
    const all = [...lengths.values()];
    expect(all.reduce((sum, length) => sum + length - 17, 0)).toBe(5 * 33 * 2);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(17);
    expect(Math.max(...all)).toBeLessThanOrEqual(23);
  });

  it("gives the median turn, the time of all and the processor time", async () => {
    let time = 0;
    let number = 0;
    const subject: TurnSubject = {
      name: "staged",
      fill: async () => {},
      turn(_session, question) {
        time += [5, 1, 9][number++ % 3] ?? 0;
        return { messages: 20, newest: question };
      },
    };
    const pool = createConversationPool(subject, 1000, "s");
    await pool.prepare(1, 3);
    const meters = { now: () => time, processor: () => time * 2 };
    expect(await runSlice(subject, pool, { lanes: 1, turns: 3 }, meters)).toEqual({
      turns: 3,
      elapsedMs: 15,
      medianMs: 5,
      clientMs: 30,
    });
  });

  it.each([
    ["shows another message last", { messages: 20, newest: "something else" }],
    ["shows the whole conversation", { messages: 21, newest: undefined }],
    ["shows nothing", { messages: 0, newest: undefined }],
  ])("does not measure what %s", async (_what, { messages, newest }) => {
    const subject: TurnSubject = {
      name: "wrong",
      fill: async () => {},
      turn: (_session, question) => ({ messages, newest: newest ?? question }),
    };
    const pool = createConversationPool(subject, 20, "s");
    await pool.prepare(1, 1);
    await expect(runSlice(subject, pool, { lanes: 1, turns: 1 })).rejects.toThrow("wrong showed");
  });
});

describe("missingConversations", () => {
  it("counts what the worst case takes", () => {
    expect(missingConversations([], { turnsEach: 3, lanes: 1, turns: 7 })).toBe(3);
    expect(missingConversations([3, 3], { turnsEach: 3, lanes: 1, turns: 7 })).toBe(1);
    expect(missingConversations([1, 3, 3], { turnsEach: 3, lanes: 1, turns: 7 })).toBe(0);
    expect(missingConversations([], { turnsEach: 1250, lanes: 32, turns: 32 })).toBe(32);
    expect(missingConversations([3, 3, 1], { turnsEach: 3, lanes: 3, turns: 1 })).toBe(0);
    expect(missingConversations([3, 3, 1], { turnsEach: 3, lanes: 3, turns: 2 })).toBe(1);
  });
});
