import { describe, expect, it } from "vitest";
import { turnOptions } from "../src/turn/turn-options.ts";

describe("turnOptions", () => {
  it("measures everything when nothing is said", () => {
    expect(turnOptions([])).toMatchObject({
      peers: true,
      stores: ["process", "redis", "postgres"],
      histories: [20, 100, 1000, 10_000],
      shapes: [
        ...[1, 8, 32].map((sessions) => ({ sessions, processes: 1 })),
        // One session cannot be shared.
        ...[8, 32].map((sessions) => ({ sessions, processes: 2 })),
      ],
    });
  });

  it("takes flags over what --quick chooses", () => {
    const options = turnOptions(["--quick", "--history", "50, 60", "--no-peers", "--only", "Mastra,RELEVO"]);
    expect(options).toMatchObject({
      histories: [50, 60],
      peers: false,
      rounds: 3,
      only: ["mastra", "relevo"],
    });
    expect(options.shapes).toEqual([1, 32].map((sessions) => ({ sessions, processes: 1 })));
  });

  it.each([
    [["--store", "mysql"], "--store has no mysql"],
    [["--history", "0"], "--history must be a positive whole number, not 0"],
    [["--sessions", ","], "--sessions must name a number"],
    [["--rounds", "many"], "--rounds must be a positive whole number, not many"],
    [["--sessions", "1", "--processes", "2"], "--sessions must be at least --processes"],
  ])("refuses %s", (args, message) => {
    expect(() => turnOptions(args)).toThrow(message);
  });
});
