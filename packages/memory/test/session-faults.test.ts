import { describe, expect, it } from "vitest";
import { expectDoneOnce, type Work } from "./faulty.ts";
import { assistant, pieces, user } from "./fixture.ts";

const works: readonly Work[] = [
  {
    name: "a turn",
    run: (session) =>
      session.turn(
        async (turn) => {
          await turn.append(user("question"));
          await turn.view();
          await turn.append(assistant("thought"));
          turn.appendAtEnd(assistant("answer"));
          return "answer";
        },
        { operationId: "r1", whenBusy: "take-over" },
      ),
    said: ["1", "2", "question", "thought", "answer"],
  },
  {
    name: "replaceFrom",
    run: (session) => session.replaceFrom("b", assistant("2b"), { operationId: "r1" }),
    said: ["1", "2b"],
  },
  { name: "retract", run: (session) => session.retract({ ids: ["b"], operationId: "r1" }), said: ["1"] },
  {
    name: "a stream",
    run: async (session) => {
      for await (const _ of session.stream(pieces("an", "swer"), { operationId: "r1" }));
    },
    said: ["1", "2", "answer"],
  },
  { name: "a fork", run: (session) => session.fork({ id: "f" }), said: ["1", "2"] },
  {
    name: "an execution",
    run: (session) => session.recordExecution({ output: 1 }, { operationId: "r1" }),
    said: ["1", "2"],
    check: async (acme) => {
      const { events } = await acme.session("chat").events({ types: ["execution"] });
      expect(events).toHaveLength(1);
    },
  },
  {
    name: "a memory in both tiers",
    run: (session) => session.agent("clerk").remember("style", "warm", { tier: "both", operationId: "r1" }),
    said: ["1", "2"],
    check: async (acme) => {
      // The copy may be missing: the durable memory counts.
      expect(await acme.agent("clerk").recall("style", { tier: "durable" })).toBe("warm");
      expect(await acme.agent("clerk").recall("style")).toBe("warm");
    },
  },
];

describe.each(works)("$name", (work) => {
  it("ends in a typed error when a call of the store fails, and is done once when it is tried again", async () => {
    expect(await expectDoneOnce(work)).toBeGreaterThanOrEqual(3);
  });
});
