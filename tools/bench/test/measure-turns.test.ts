import { describe, expect, it } from "vitest";
import { measureTurns, shares } from "../src/turn/measure-turns.ts";
import type { SliceRequest, TurnProcess } from "../src/turn/turn-process.ts";

/** A process in which a turn of subject N takes N + 1 ms, and a record of what was asked of it. */
function staged(calls: string[], name = "p") {
  const record = (method: string, { subject, history, lanes, turns }: SliceRequest): void => {
    calls.push(`${name} ${method} ${subject} of ${history}: ${turns} in ${lanes}`);
  };
  const process: TurnProcess = {
    open: async () => [],
    prepare: async (request) => record("prepare", request),
    async run(request) {
      record("run", request);
      const medianMs = request.subject + 1;
      return { turns: request.turns, elapsedMs: request.turns * medianMs, medianMs, clientMs: request.turns };
    },
    close: async () => {},
    async [Symbol.asyncDispose]() {},
  };
  return process;
}

const shape = (sessions: number, processes = 1) => ({ sessions, processes });
const brief = { rounds: 3, sliceMs: 100, warmUpMs: 1 };

describe("measureTurns", () => {
  it("runs subjects by turns in slices of the same time, and changes who begins", async () => {
    const calls: string[] = [];
    const figures = await measureTurns(
      { title: "T", subjects: ["raw", "double", "triple"], processes: [staged(calls)] },
      { ...brief, histories: [20], shapes: [shape(1)] },
    );
    const slices = calls.filter((call) => call.includes("run")).slice(-12);
    expect(slices.map((call) => call.slice("p run ".length))).toEqual(
      // The first three warm up.
      [0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 2].map(
        (subject) => `${subject} of 20: ${[100, 50, 33][subject]} in 1`,
      ),
    );
    expect(figures.map(({ subject, latency, share }) => [subject, latency, share])).toEqual([
      ["raw", 1, 1],
      ["double", 2, 0.5],
      ["triple", 3, 1 / 3],
    ]);
    expect(figures[0]).not.toHaveProperty("serverMs");
  });

  it("prepares before each slice, and settles when all conversations of a length are there", async () => {
    const calls: string[] = [];
    await measureTurns(
      {
        title: "T",
        subjects: ["raw", "double"],
        processes: [staged(calls)],
        settle: async () => void calls.push("settle"),
      },
      { ...brief, histories: [20, 100], shapes: [shape(1), shape(8)] },
    );
    expect(calls.filter((call) => call === "settle")).toHaveLength(2);
    expect(calls.slice(0, 5)).toEqual([
      ...["p prepare 0 of 20: 1 in 1", "p prepare 0 of 20: 1 in 8"],
      ...["p prepare 1 of 20: 1 in 1", "p prepare 1 of 20: 1 in 8"],
      "settle",
    ]);
    calls.forEach((call, index) => {
      if (call.includes("run")) expect(calls[index - 1]).toBe(call.replace("run", "prepare"));
    });
  });

  it("divides sessions and turns among processes, and counts the server's time once", async () => {
    const calls: string[] = [];
    let served = 0;
    const [figures] = await measureTurns(
      {
        title: "T",
        subjects: ["raw"],
        processes: [staged(calls, "a"), staged(calls, "b")],
        serverTime: () => {
          served += 50;
          return served;
        },
      },
      { ...brief, histories: [20], shapes: [shape(5, 2)] },
    );
    expect(calls.slice(-2)).toEqual(["a run 0 of 20: 100 in 2", "b run 0 of 20: 100 in 3"]);
    expect(figures?.serverMs).toBeCloseTo(50 / 200);
    expect(figures?.clientMs).toBe(1);
  });

  it("leaves out what is not chosen, but never the floor", async () => {
    const figures = await measureTurns(
      { title: "T", subjects: ["raw", "double", "triple"], processes: [staged([])] },
      { ...brief, histories: [20], shapes: [shape(1)], chosen: (name) => name === "triple" },
    );
    expect(figures.map(({ subject }) => subject)).toEqual(["raw", "triple"]);
  });
});

describe("shares", () => {
  it("adds up", () => {
    expect(shares(32, 2)).toEqual([16, 16]);
    expect(shares(5, 2)).toEqual([2, 3]);
    expect(shares(8, 3)).toEqual([2, 3, 3]);
  });
});
