import { expect, it } from "vitest";
import { storableValue } from "../src/agent/storable.ts";

it("the record of an execution has short values as they are, and the start of long ones", () => {
  expect(storableValue({ list: [1, "two"] })).toEqual({ list: [1, "two"] });
  expect(storableValue("é".repeat(100_000))).toBe(`${"é".repeat(16 * 1024)}…`);
  const cut = storableValue({ list: Array.from({ length: 100_000 }, () => 1) });
  expect(cut).toMatch(/^\{"list":\[1,1,.*…$/u);
  expect(cut).toHaveLength(16 * 1024 + 1);
  // A pair of which the cut leaves one half.
  expect(storableValue(`${"x".repeat(16 * 1024 - 1)}\u{1f600}`)).toMatch(/x\ufffd…$/u);
});

it("what has no JSON is recorded as null", () => {
  const endless: Record<string, unknown> = {};
  endless.self = endless;
  expect(storableValue(endless)).toBeNull();
  expect(storableValue(undefined)).toBeNull();
  expect(storableValue(() => 1)).toBeNull();
  expect(storableValue(1n)).toBeNull();
});
