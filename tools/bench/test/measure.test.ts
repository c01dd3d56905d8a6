import { describe, expect, it } from "vitest";
import { formatTable } from "../src/format-table.ts";
import { measure, quartiles } from "../src/measure.ts";

/** A clock that moves by what each call says it costs, and a record of who was called. */
function staged(costs: { readonly floor: number; readonly subject: number }) {
  let time = 0;
  const calls: string[] = [];
  let disposed = 0;
  return {
    calls,
    disposals: () => disposed,
    now: () => time,
    setup: () => ({
      floor: () => {
        calls.push("floor");
        time += costs.floor;
      },
      subject: async () => {
        calls.push("subject");
        await Promise.resolve();
        time += costs.subject;
      },
      [Symbol.dispose]: () => {
        disposed++;
      },
    }),
  };
}

describe("measure", () => {
  it("gives microseconds an operation and the ratio of the rounds", async () => {
    const stage = staged({ floor: 1, subject: 3 });
    const result = await measure(
      { name: "x", floor: "y", operations: 10, target: { ratio: 2 }, setup: stage.setup },
      { rounds: 5, roundMs: 6, now: stage.now },
    );
    expect(result.floorMicros.median).toBeCloseTo(100);
    expect(result.subjectMicros.median).toBeCloseTo(300);
    expect(result.ratio).toEqual({ low: 3, median: 3, high: 3 });
    expect(result.withinTarget).toBe(false);
    expect(stage.disposals()).toBe(1);
  });

  it("runs floor and subject by turns, and changes who begins", async () => {
    const stage = staged({ floor: 10, subject: 10 });
    await measure({ name: "x", floor: "y", setup: stage.setup }, { rounds: 3, roundMs: 10, now: stage.now });
    const afterCalibration = stage.calls.slice(-10);
    expect(afterCalibration).toEqual([
      ...["floor", "subject"],
      ...["subject", "floor"],
      ...["floor", "subject"],
      ...["subject", "floor"],
      ...["floor", "subject"],
    ]);
  });

  it("judges each kind of target", async () => {
    const judge = async (target: Parameters<typeof measure>[0]["target"] & object) => {
      const stage = staged({ floor: 1, subject: 2 });
      const benchmark = { name: "x", floor: "y", target, setup: stage.setup };
      return (await measure(benchmark, { rounds: 3, roundMs: 4, now: stage.now })).withinTarget;
    };
    expect(await judge({ ratio: 2 })).toBe(true);
    expect(await judge({ ratio: 1.9 })).toBe(false);
    expect(await judge({ micros: 2000 })).toBe(true);
    expect(await judge({ micros: 1999 })).toBe(false);
    expect(await judge({ beyondFloorMicros: 1000 })).toBe(true);
    expect(await judge({ beyondFloorMicros: 999 })).toBe(false);
  });

  it("lets go of the work when it fails", async () => {
    let disposed = false;
    const failing = {
      name: "x",
      floor: "y",
      setup: () => ({
        floor: () => {
          throw new Error("broken floor");
        },
        subject: () => undefined,
        [Symbol.dispose]: () => {
          disposed = true;
        },
      }),
    };
    await expect(measure(failing)).rejects.toThrow("broken floor");
    expect(disposed).toBe(true);
  });
});

describe("quartiles", () => {
  it("ranks", () => {
    expect(quartiles([5, 1, 4, 2, 3])).toEqual({ low: 2, median: 3, high: 4 });
    expect(quartiles([7])).toEqual({ low: 7, median: 7, high: 7 });
    expect(() => quartiles([])).toThrow(RangeError);
  });
});

describe("formatTable", () => {
  it("says what was measured and whether the target was reached", () => {
    const flat = (value: number) => ({ low: value, median: value, high: value });
    const table = formatTable([
      {
        name: "append",
        floor: "push",
        floorMicros: flat(0.04),
        subjectMicros: flat(1.7),
        ratio: flat(42.5),
        beyondMicros: flat(1.66),
        target: { micros: 3 },
        withinTarget: true,
      },
      {
        name: "put",
        floor: "set",
        floorMicros: flat(1),
        subjectMicros: flat(120),
        ratio: flat(120),
        beyondMicros: flat(119),
      },
      {
        name: "traced",
        floor: "plain",
        floorMicros: flat(1),
        subjectMicros: flat(5),
        ratio: flat(5),
        beyondMicros: flat(3.6),
        target: { beyondFloorMicros: 3.5 },
        withinTarget: false,
      },
    ]);
    expect(table.split("\n")).toHaveLength(5);
    expect(table).toMatch(/traced .* \+3\.60 <= floor \+ 3\.5 µs +NO/u);
    expect(table).toMatch(/append +push +0\.04 +1\.7 \(1\.7–1\.7\) +42\.50 \(42\.50–42\.50\) +<= 3 µs +yes/);
    expect(table).toMatch(/put +set +1\.0 +120 \(120–120\).*–$/m);
  });
});
