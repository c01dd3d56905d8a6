import { expect, it } from "vitest";
import { packChanges } from "../src/store/key-value/space/pack-changes.ts";

it("a value of more parts than a call takes as arguments is split all the same", () => {
  const value = "x".repeat(1_400_000);
  const key = Uint8Array.of(1);
  const { changes, staged } = packChanges([{ key, value }], { valueBytes: 10 }, { tenant: "acme", id: "i" });
  expect(staged).toEqual([]);
  expect(changes.length).toBeGreaterThan(130_000);
});
