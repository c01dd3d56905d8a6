import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMemory, type Memory, type MemoryOptions } from "../../src/index.ts";
import type { ServerKind } from "../cache/servers.ts";
import { assistant, user } from "../fixture.ts";
import { createStorePool, type OpenedStore } from "../pairs/stores.ts";
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

/** Erases in a process of its own; false when it was killed. */
async function eraseElsewhere(job: ErasingJob): Promise<boolean> {
  const script = fileURLToPath(new URL("./erasing-process.ts", import.meta.url));
  const child = fork(script, [JSON.stringify(job)]);
  let isComplete = false;
  child.on("message", (complete) => {
    isComplete = complete === true;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (...end) => resolve(end));
  });
  expect([code, signal], "a process ends by itself, or is killed").toEqual(
    isComplete ? [0, null] : [null, "SIGKILL"],
  );
  return isComplete;
}

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

    const dump = async (tenant: string): Promise<string> => {
      const seen = opened.map(({ store }) => everythingIn(store, [tenant]));
      return [...(await Promise.all(seen)), ...(await Promise.all(opened.map((one) => one.dump())))].join();
    };

    it("finished by another one, after each of its calls", { timeout: 900_000 }, async () => {
      const stores = kinds.map((kind, index) => ({ kind, url: opened[index]?.url ?? "" }));
      let diesAfter = 1;
      for (; ; diesAfter++) {
        const tenant = `t-${randomUUID()}`;
        const canary = `zQ${tenant.slice(2, 10)}X`;
        await plantLittle(memory, tenant, canary);
        expect(await dump(tenant)).toContain(canary);
        const job = { stores, sessions, tenant, user: person, diesAfter };
        const isComplete = await eraseElsewhere(job);
        const acme = memory.tenant(tenant);
        const reports = await acme.resumeErasures();
        // Before the journal was written, nothing was removed, and nobody knows of the erasure.
        const isUnknown = !isComplete && reports.length === 0;
        if (isUnknown && (await acme.user(person).sessions()).items.length > 0)
          await acme.user(person).erase();
        expect(await dump(tenant), `killed after call ${diesAfter}`).not.toContain(canary);
        expect((await acme.users()).items).toEqual([other]);
        expect((await acme.sessions()).items.map(({ session }) => session)).toEqual(["ana-chat"]);
        expect(await acme.resumeErasures()).toEqual([]);
        if (isComplete) break;
      }
      // Journal, marks, sessions, events, documents, marks, journal.
      expect(diesAfter).toBeGreaterThan(20);
    });
  });
});
