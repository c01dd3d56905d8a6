import { afterEach, describe, expect, it, vi } from "vitest";
import { check, inTime } from "../src/expect.ts";

afterEach(() => vi.restoreAllMocks());

type Steps = Parameters<typeof inTime>[1];

/** Runs the steps on a machine whose clock moves only by what they spend and wait; the lifetimes that were tried. */
async function tried(
  steps: (spend: (ms: number) => void, ...rest: Parameters<Steps>) => void | Promise<void>,
): Promise<{
  readonly ttls: readonly number[];
  readonly tenants: readonly string[];
  readonly failure?: string;
}> {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const spend = (ms: number): void => {
    now += ms;
  };
  const ttls: number[] = [];
  const tenants: string[] = [];
  const context = { tenant: "t", advance: async (ms: number) => spend(ms) };
  const run = inTime(context, async (inner, ttlMs) => {
    ttls.push(ttlMs);
    tenants.push(inner.tenant);
    await steps(spend, inner, ttlMs);
  });
  return await run.then(
    () => ({ ttls, tenants }),
    (error: unknown) => ({ ttls, tenants, failure: String(error) }),
  );
}

describe("inTime", () => {
  it("believes a failure of steps that were quick, however long they waited", async () => {
    const { ttls, failure } = await tried(async (spend, { advance }, ttlMs) => {
      await advance(ttlMs * 3);
      spend(ttlMs / 4);
      check(false, "broken");
    });
    expect(ttls).toEqual([1_000]);
    expect(failure).toContain("broken");
  });

  it("runs slow steps again with a longer lifetime, for another tenant", async () => {
    const { ttls, tenants, failure } = await tried(async (spend, { advance }, ttlMs) => {
      spend(1_900);
      await advance(ttlMs);
      check(ttlMs > 1_900, "over too early");
    });
    expect(failure).toBeUndefined();
    expect(ttls).toEqual([1_000, 8_000]);
    expect(new Set(tenants).size).toBe(2);
  });

  it("believes a failure that stays when the steps are slow", async () => {
    const { ttls, failure } = await tried((spend) => {
      spend(1_900);
      check(false, "broken");
    });
    expect(ttls).toEqual([1_000, 8_000]);
    expect(failure).toContain("broken");
  });

  it("ends where every step hangs", async () => {
    const { ttls, failure } = await tried((spend, _, ttlMs) => {
      spend(ttlMs);
      check(false, "broken");
    });
    expect(ttls).toEqual([1_000, 8_000, 64_000]);
    expect(failure).toContain("broken");
  });

  it("does not run again what passed", async () => {
    expect((await tried((spend) => spend(5_000))).ttls).toEqual([1_000]);
  });
});
