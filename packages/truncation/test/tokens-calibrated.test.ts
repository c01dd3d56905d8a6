import { describe, expect, test } from "vitest";
import { type CalibrationState, calibratedCounter, customCounter } from "../src/tokens/index.ts";

const letters = customCounter("letters", (text) => text.length);
const hundred = "x".repeat(100);

describe("calibratedCounter", () => {
  test("counts as before until it has seen three requests", () => {
    const counter = calibratedCounter(letters, { model: "a" });
    for (const expected of [100, 100, 100]) {
      expect(counter.countText(hundred)).toBe(expected);
      counter.observe({ model: "a", estimated: 1_000, actual: 1_200 });
    }
    expect(counter.countText(hundred)).toBe(120);
    expect(counter.countMessage({ role: "user", content: "x".repeat(96) })).toBe(120);
  });

  test("learns for each model apart", () => {
    const counter = calibratedCounter(letters, { model: "a" });
    for (let turn = 0; turn < 5; turn += 1) counter.observe({ model: "b", estimated: 100, actual: 150 });
    expect(counter.factor()).toBe(1);
    expect(counter.factor("b")).toBe(1.5);
    expect(counter.forModel("b").countText(hundred)).toBe(150);
  });

  test("is not moved by wild reports while they are the fewer", () => {
    const counter = calibratedCounter(letters, { model: "a" });
    for (let turn = 0; turn < 31; turn += 1) counter.observe({ model: "a", estimated: 100, actual: 110 });
    for (let turn = 0; turn < 30; turn += 1) counter.observe({ model: "a", estimated: 1, actual: 1_000_000 });
    expect(counter.factor()).toBeCloseTo(1.1);
  });

  test("stays within its bounds", () => {
    const counter = calibratedCounter(letters, { model: "a", bounds: [0.8, 1.25] });
    for (let turn = 0; turn < 5; turn += 1) counter.observe({ model: "a", estimated: 1, actual: 50 });
    expect(counter.factor()).toBe(1.25);
    for (let turn = 0; turn < 64; turn += 1) counter.observe({ model: "a", estimated: 50, actual: 0 });
    expect(counter.factor()).toBe(0.8);
  });

  test("forgets what lies 64 requests back", () => {
    const counter = calibratedCounter(letters, { model: "a" });
    for (let turn = 0; turn < 500; turn += 1) counter.observe({ model: "a", estimated: 100, actual: 150 });
    for (let turn = 0; turn < 64; turn += 1) counter.observe({ model: "a", estimated: 100, actual: 90 });
    expect(counter.factor()).toBe(0.9);
    expect(counter.state().models[0]?.ratios).toHaveLength(64);
  });

  test.each([0.05, 0.1, 0.25])(
    "as an upper bound it is too low for at most about %d of the requests",
    (share) => {
      const counter = calibratedCounter(letters, { model: "a", upper: share });
      const next = sequence(7);
      let tooLow = 0;
      const turns = 4_000;
      for (let turn = 0; turn < turns; turn += 1) {
        const actual = Math.round(1_000 * (0.9 + 0.5 * next()));
        if (counter.countText("x".repeat(1_000)) < actual) tooLow += 1;
        counter.observe({ model: "a", estimated: 1_000, actual });
      }
      // Three standard deviations of the share's own scatter.
      expect(tooLow / turns).toBeLessThan(share + 3 * Math.sqrt((share * (1 - share)) / turns));
      expect(tooLow).toBeGreaterThan(0);
      expect(counter.factor()).toBeLessThan(1.4);
    },
  );

  test("an upper bound is the largest factor until it has seen enough", () => {
    const counter = calibratedCounter(letters, { model: "a", upper: 0.05 });
    for (let turn = 0; turn < 18; turn += 1) counter.observe({ model: "a", estimated: 100, actual: 100 });
    expect(counter.factor()).toBe(2);
    counter.observe({ model: "a", estimated: 100, actual: 100 });
    expect(counter.factor()).toBe(1);
  });

  test("its state survives JSON and goes on where it was", () => {
    const first = calibratedCounter(letters, { model: "a" });
    for (const actual of [110, 120, 130, 140]) first.observe({ model: "a", estimated: 100, actual });
    const state = JSON.parse(JSON.stringify(first.state())) as CalibrationState;
    const second = calibratedCounter(letters, { model: "a", state });
    expect(second.factor()).toBeCloseTo(1.25);
    second.observe({ model: "a", estimated: 100, actual: 200 });
    expect(second.factor()).toBeCloseTo(1.3);
    expect(first.factor()).toBeCloseTo(1.25);
  });

  test("remembers at most a hundred models, the youngest, whatever their names", () => {
    const counter = calibratedCounter(letters, { model: "a" });
    for (let model = 0; model < 500; model += 1)
      counter.observe({ model: `m${model}`, estimated: 1, actual: 1 });
    counter.observe({ model: "__proto__", estimated: 1, actual: 1 });
    const names = counter.state().models.map(({ model }) => model);
    expect(names).toHaveLength(100);
    expect(names.at(-1)).toBe("__proto__");
    expect(names[0]).toBe("m401");
  });

  test("stores and reads counts before calibration", () => {
    const counter = calibratedCounter(letters, { model: "a" });
    for (let turn = 0; turn < 3; turn += 1) counter.observe({ model: "a", estimated: 100, actual: 200 });
    const message = { role: "user", content: "x".repeat(96) } as const;
    expect(counter.tokensFor(message)).toEqual({ letters: 100 });
    expect(counter.countStored(message, { letters: 50 })).toBe(100);
    expect(counter.uncalibrated.countMessage(message)).toBe(100);
  });

  test.each([
    { estimated: 0, actual: 5 },
    { estimated: -1, actual: 5 },
    { estimated: 10, actual: -5 },
    { estimated: Number.NaN, actual: 5 },
    { estimated: 10, actual: Number.POSITIVE_INFINITY },
  ])("refuses the observation %j", (observation) => {
    const counter = calibratedCounter(letters, { model: "a" });
    expect(() => counter.observe({ model: "a", ...observation })).toThrowError(
      expect.objectContaining({ code: "invalid-input" }),
    );
    expect(counter.state().models).toEqual([]);
  });

  test.each([
    { bounds: [0, 2] as const },
    { bounds: [2, 1] as const },
    { bounds: [1, Number.POSITIVE_INFINITY] as const },
    { upper: 0 },
    { upper: 1 },
    { state: { version: 2, models: [] } as unknown as CalibrationState },
    { state: { version: 1, models: [{ model: "a", ratios: ["1"] }] } as unknown as CalibrationState },
  ])("refuses the options %j", (options) => {
    expect(() => calibratedCounter(letters, { model: "a", ...options })).toThrowError(
      expect.objectContaining({ code: "invalid-input" }),
    );
  });
});

/** Numbers in [0, 1) that are the same in every run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
