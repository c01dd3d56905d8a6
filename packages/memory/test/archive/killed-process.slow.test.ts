import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMemory, type Memory } from "../../src/index.ts";
import type { ServerKind } from "../cache/servers.ts";
import { user } from "../fixture.ts";
import { createStorePool, type OpenedStore } from "../pairs/stores.ts";
import { plantCase, textOf } from "./interrupted.ts";
import type { MovingJob } from "./moving-process.ts";

const pool = createStorePool();
afterAll(() => pool[Symbol.asyncDispose]());

/** Moves in a process of its own; false when it was killed. */
async function moveElsewhere(job: MovingJob): Promise<boolean> {
  const script = fileURLToPath(new URL("./moving-process.ts", import.meta.url));
  const child = fork(script, [JSON.stringify(job)]);
  let isMoved = false;
  child.on("message", (moved) => {
    isMoved = moved === true;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (...end) => resolve(end));
  });
  expect([code, signal], "a process ends by itself, or is killed").toEqual(
    isMoved ? [0, null] : [null, "SIGKILL"],
  );
  return isMoved;
}

const kinds: readonly [ServerKind, ServerKind][] = [["redis", "postgres"]];

describe.each(kinds)("a move from %s to %s in a process that is killed", (from, to) => {
  const available = [from, to].every((kind) => requireService(kind, { for: "archives in processes" }));
  describe.skipIf(!available)("is", () => {
    let opened: readonly OpenedStore[];
    let memory: Memory;

    beforeAll(async () => {
      opened = await Promise.all([from, to].map((kind) => pool.open(kind, 0)));
      const [volatile, durable] = opened.map(({ store }) => store);
      if (volatile === undefined || durable === undefined) throw new Error("There are two stores.");
      memory = createMemory({ volatile, durable, sessions: "volatile", cache: false });
    });
    afterAll(() => memory?.close());

    it.each(["archive", "restore"] as const)(
      "completed by another one, after each call of %s",
      {
        timeout: 600_000,
      },
      async (move) => {
        const stores = [from, to].map((kind, index) => ({ kind, url: opened[index]?.url ?? "" }));
        const back = move === "archive" ? "restore" : "archive";
        for (let diesAfter = 1, moved = false; !moved; diesAfter++) {
          const tenant = `t-${randomUUID()}`;
          const acme = memory.tenant(tenant);
          const before = await plantCase(acme);
          if (move === "restore") await acme.archive("case");
          moved = await moveElsewhere({ stores, tenant, move, diesAfter });
          // The lease of the dead process would end by itself, after seconds.
          const address = { tenant, session: "case" };
          const lease = await opened[0]?.store.leases?.acquire(address, { ttlMs: 1_000, takeOver: true });
          await lease?.release();
          const next = diesAfter % 2 === 0 ? move : back;
          await acme[next]("case");
          const places = [(await acme.sessions()).items.length, (await acme.archived()).items.length];
          expect(places, `killed after call ${diesAfter}`).toEqual(next === "archive" ? [0, 1] : [1, 0]);
          if (next === "archive") await acme.restore("case");
          expect(await textOf(acme, { session: "case" }), `killed after call ${diesAfter}`).toBe(before);
          await acme.session("case").append(user("goes on"));
          expect((await acme.archived()).items).toEqual([]);
        }
      },
    );
  });
});
