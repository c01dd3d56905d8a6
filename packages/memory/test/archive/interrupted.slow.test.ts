import { expect, it } from "vitest";
import { interruptEach } from "./interrupted.ts";

it.each([
  ["archive", false],
  ["archive", true],
  ["restore", false],
  ["restore", true],
] as const)(
  "%s, interrupted at each of its calls, loses nothing and is completed by another call",
  {
    timeout: 120_000,
  },
  async (move, once) => {
    expect(await interruptEach(move, { once, step: 1 })).toBeGreaterThan(15);
  },
);
