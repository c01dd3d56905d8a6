import { describe, expect, test } from "vitest";
import { entryPoint, exponentOf, measureGrowth } from "../src/index.ts";

/** A processor that takes exactly as long as the work says. */
function machine(): { readonly clock: () => number; readonly spend: (milliseconds: number) => void } {
  let now = 0;
  return {
    clock: () => now,
    spend: (milliseconds) => {
      now += milliseconds;
    },
  };
}

describe("measureGrowth", () => {
  test.each([
    ["linear", (size: number) => size / 100, 1],
    ["n log n", (size: number) => (size * Math.log2(size)) / 1000, 1.12],
    ["quadratic", (size: number) => size ** 2 / 100_000, 2],
    ["quadratic behind a large linear part", (size: number) => size / 100 + size ** 2 / 200_000, 1.6],
  ])("finds the exponent of %s work", async (_name, cost, exponent) => {
    const { clock, spend } = machine();
    const entry = entryPoint({ name: "work", make: (size) => size, run: (size) => spend(cost(size)) });
    const growth = await measureGrowth(entry, { clock });
    expect(growth.exponent).toBeGreaterThan(exponent - 0.12);
    expect(growth.exponent).toBeLessThan(exponent + 0.12);
    expect(growth.problem === undefined).toBe(exponent < 1.5);
  });

  test("one slow run moves nothing, and one slow measurement is measured again", async () => {
    const { clock, spend } = machine();
    let runs = 0;
    const entry = entryPoint({
      name: "work",
      make: (size) => size,
      run: (size) => {
        runs += 1;
        spend(runs % 3 === 0 ? size * 10 : size / 100);
      },
    });
    expect((await measureGrowth(entry, { clock })).problem).toBeUndefined();
    let attempts = 0;
    const once = entryPoint({
      name: "work",
      make: (size) => {
        if (size === 256) attempts += 1;
        return size;
      },
      run: (size) => spend(attempts === 1 ? size ** 2 / 1000 : size / 100),
    });
    expect((await measureGrowth(once, { clock })).problem).toBeUndefined();
    expect(attempts).toBe(2);
  });

  test("no input is larger than asked for, whatever the entry point allows", async () => {
    const { clock, spend } = machine();
    const entry = entryPoint({ name: "work", make: (size) => size, run: (size) => spend(size / 1000) });
    const { points } = await measureGrowth(entry, { clock, largest: 4096 });
    expect(points.map(({ size }) => size)).toEqual([256, 512, 1024, 2048, 4096]);
  });

  test("what throws fails, and says at which size", async () => {
    const { clock } = machine();
    const entry = entryPoint({
      name: "work",
      make: (size) => Array.from({ length: size }, () => 1),
      run: (numbers) => Math.max(...numbers),
    });
    expect((await measureGrowth(entry, { clock })).problem).toMatch(/^threw at size \d+: .*call stack/);
  });

  test("says nothing of what takes no time", () => {
    expect(exponentOf([{ size: 1, milliseconds: 0.1 }])).toBeUndefined();
  });
});
