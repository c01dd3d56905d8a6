import { randomUUID } from "node:crypto";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMemory, type Memory, type MemoryOptions } from "../../src/index.ts";
import type { ServerKind } from "../cache/servers.ts";
import { assistant, user } from "../fixture.ts";
import { createStorePool, type OpenedStore } from "../pairs/stores.ts";
import { killedTogether } from "../turns/killed-together.ts";
import type { ErasingJob } from "./erasing-process.ts";
import { everythingIn, other, person } from "./plant.ts";

const pool = createStorePool();
afterAll(() => pool[Symbol.asyncDispose]());

const arrangements: readonly {
  readonly name: string;
  readonly kinds: readonly ServerKind[];
  readonly sessions: "volatile" | "durable";
}[] = [
  { name: "Redis", kinds: ["redis"], sessions: "durable" },
  { name: "PostgreSQL", kinds: ["postgres"], sessions: "durable" },
  { name: "Redis and PostgreSQL, sessions volatile", kinds: ["redis", "postgres"], sessions: "volatile" },
];

/** A little of everything: an erasure of it takes few calls, and each of them is the last one of a process. */
async function plantLittle(memory: Memory, tenant: string, canary: string): Promise<void> {
  const acme = memory.tenant(tenant);
  const session = acme.session("chat", { subject: person });
  await session.append([user(canary), assistant(canary)]);
  await session.working.remember("step", canary);
  await session.user.remember("name", canary, { tier: "both" });
  await session.agent("clerk").remember("learned", canary, { tier: "both" });
  await session.fork({ id: "fork", at: 1 });
  const ana = acme.session("ana-chat", { subject: other });
  await ana.append(user("I stay"));
}

/** Erasures that one process runs at once: more than one arrangement makes calls. */
const atOnce = 96;

describe.each(arrangements)("an erasure on $name in a process that is killed", ({ kinds, sessions }) => {
  const available = kinds.every((kind) => requireService(kind, { for: "erasures in processes" }));
  describe.skipIf(!available)("is", () => {
    let opened: readonly OpenedStore[];
    let memory: Memory;

    beforeAll(async () => {
      opened = await Promise.all(kinds.map((kind) => pool.open(kind, 0)));
      const [first, second] = opened.map(({ store }) => store);
      memory = createMemory(
        (second === undefined
          ? { store: first }
          : { volatile: first, durable: second, sessions }) as MemoryOptions,
      );
    });
    afterAll(() => memory?.close());

    const dump = async (tenants: readonly string[]): Promise<string> => {
      const seen = opened.map(({ store }) => everythingIn(store, tenants));
      return [...(await Promise.all(seen)), ...(await Promise.all(opened.map((one) => one.dump())))].join();
    };

    /** Erases after a process did not, or not all; looks at everything but the words. */
    const finish = async (tenant: string, isComplete: boolean, diesAfter: number): Promise<void> => {
      const at = `stopped after call ${diesAfter}`;
      const acme = memory.tenant(tenant);
      const reports = await acme.resumeErasures();
      // Before the journal was written, nothing was removed, and nobody knows of the erasure.
      const isUnknown = !isComplete && reports.length === 0;
      if (isUnknown && (await acme.user(person).sessions()).items.length > 0) await acme.user(person).erase();
      expect((await acme.users()).items, at).toEqual([other]);
      expect(
        (await acme.sessions()).items.map(({ session }) => session),
        at,
      ).toEqual(["ana-chat"]);
      expect(await acme.resumeErasures(), at).toEqual([]);
    };

    it("finished by another one, after each of its calls", async () => {
      const stores = kinds.map((kind, index) => ({ kind, url: opened[index]?.url ?? "" }));
      const plots = Array.from({ length: atOnce }, (_, index) => {
        const tenant = `t-${randomUUID()}`;
        return { tenant, canary: `zQ${tenant.slice(2, 10)}X`, diesAfter: index + 1 };
      });
      const tenants = plots.map(({ tenant }) => tenant);
      await Promise.all(plots.map(({ tenant, canary }) => plantLittle(memory, tenant, canary)));
      const planted = await dump(tenants);
      expect(plots.filter(({ canary }) => !planted.includes(canary))).toEqual([]);

      const job: ErasingJob = { stores, sessions, user: person, erasures: plots };
      const finished = await killedTogether(new URL("./erasing-process.ts", import.meta.url), job);
      await Promise.all(
        plots.map(({ tenant, diesAfter }, index) => finish(tenant, finished[index] === true, diesAfter)),
      );
      const left = await dump(tenants);
      expect(plots.filter(({ canary }) => left.includes(canary))).toEqual([]);
      // Journal, marks, sessions, events, documents, marks, journal; one erasure of those was not stopped.
      expect(finished.indexOf(true)).toBeGreaterThan(20);
    });
  });
});
