import { expect, it } from "vitest";
import type { Tenant } from "../../src/index.ts";
import { expectDoneOnce, type Work } from "../faulty.ts";
import { user } from "../fixture.ts";
import { everythingIn } from "./plant.ts";

const works: readonly Work[] = [
  {
    name: "a count",
    run: (session) =>
      session.agent("clerk").update("count", (count) => Number(count ?? 0) + 1, {
        tier: "durable",
        operationId: "r1",
      }),
    said: ["1", "2"],
    check: async (acme) => expect(await acme.agent("clerk").recall("count")).toBe(1),
  },
  {
    name: "an erasure",
    plant: plantJuan,
    run: (_, acme) => acme.user("juan").erase(),
    said: ["1", "2"],
    check: async (acme, store) => {
      expect(await everythingIn(store, ["acme"])).not.toContain("zQcanaryX7");
      expect((await acme.users()).items).toEqual([]);
      expect(await acme.resumeErasures()).toEqual([]);
    },
  },
];

/** What the erasure is to find. */
async function plantJuan(acme: Tenant): Promise<void> {
  const session = acme.session("juans", { subject: "juan" });
  await session.append(user("zQcanaryX7"));
  await session.user.remember("name", "zQcanaryX7", { tier: "both" });
}

it.each(works)(
  "$name ends in a typed error when a call fails, and is done once when it is tried again",
  {
    timeout: 300_000,
  },
  async (work) => {
    expect(await expectDoneOnce(work)).toBeGreaterThanOrEqual(6);
  },
);
