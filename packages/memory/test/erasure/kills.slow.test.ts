import { it } from "vitest";
import { oneStore, twoStores } from "../fixture.ts";
import { killedAt } from "./killed-at.ts";
import { of } from "./opened.ts";

it.each([
  ["one store", () => oneStore()],
  ["two stores, sessions volatile", () => twoStores("volatile")],
  ["two stores, sessions durable", () => twoStores("durable")],
])("an erasure on %s goes on wherever it was killed", { timeout: 120_000 }, async (_, open) => {
  for (let killAt = 1; await killedAt(of(open()), killAt); killAt++);
});
