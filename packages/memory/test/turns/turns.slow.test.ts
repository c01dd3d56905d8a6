import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMemory, type Memory, type Session } from "../../src/index.ts";
import { type CacheServer, type OpenStore, openStore, startCacheServer } from "../cache/servers.ts";
import { runChatTurn, type TurnDone, type TurnJob } from "./chat-turn.ts";

const request = { operationId: "request-1", request: "question" } as const;

describe.each([
  ["redis", "redis"],
  ["postgres", "private-postgres"],
] as const)("turns of several processes on %s", (kind, service) => {
  describe.skipIf(!requireService(service, { for: `turns on ${kind}` }))("are", () => {
    let server: CacheServer;
    let opened: OpenStore;
    let memory: Memory;
    const children: ChildProcess[] = [];

    beforeAll(async () => {
      server = await startCacheServer(kind);
      opened = await openStore(kind, server.url);
      memory = createMemory({ store: opened.store });
    });

    afterAll(async () => {
      for (const child of children) if (child.connected) child.disconnect();
      await opened?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    /** A process of its own that runs turns, one at a time: `undefined` for the one in which it was killed. */
    async function startProcess(): Promise<(job: TurnJob) => Promise<TurnDone | undefined>> {
      const script = fileURLToPath(new URL("./turn-process.ts", import.meta.url));
      const child = fork(script, [kind, server.url]);
      children.push(child);
      // A message may come after the exit, and none after the disconnect.
      const gone = once(child, "disconnect").then(() => [undefined]);
      await Promise.race([once(child, "message"), gone]);
      return async (job) => {
        const answer = once(child, "message");
        child.send(job);
        const [done] = await Promise.race([answer, gone]);
        return done as TurnDone | undefined;
      };
    }

    async function inProcess(job: TurnJob): Promise<TurnDone | undefined> {
      return (await startProcess())(job);
    }

    /** What is in effect of the session, and how many results of turns. */
    async function story(tenant: string): Promise<{ readonly said: unknown[]; readonly results: number }> {
      const { events } = await memory.tenant(tenant).session("chat").events();
      return {
        said: events.flatMap((event) => (event.type === "message" ? [event.body?.content] : [])),
        results: events.filter(({ type }) => type === "x-relevo-turn").length,
      };
    }

    it("run once when two processes race on one id", { timeout: 120_000 }, async () => {
      const [first, second] = await Promise.all([startProcess(), startProcess()]);
      for (let round = 0; round < 10; round++) {
        const tenant = randomUUID();
        const done = await Promise.all([
          first({ tenant, name: "a", options: request }),
          second({ tenant, name: "b", options: request }),
          runChatTurn(memory, { tenant, name: "c", options: request }),
        ]);
        const answer = done[0]?.answer ?? expect.unreachable(JSON.stringify(done));
        expect(done.map((one) => one?.answer)).toEqual([answer, answer, answer]);
        expect(done.reduce((sum, one) => sum + (one?.asked ?? 0), 0)).toBe(1);
        const thought = `thought of ${answer.at(-1)}`;
        expect(await story(tenant)).toEqual({ said: ["question", thought, answer], results: 1 });
      }
    });

    it("are recorded, rewritten, forked and erased as in process", async () => {
      const tenant = randomUUID();
      await runChatTurn(memory, { tenant, name: "a", options: request });
      const session = memory.tenant(tenant).session("chat");
      await session.replaceFrom(2, [
        { role: "assistant", content: "better" },
        { role: "user", content: "and now?", id: "now" },
      ]);
      const fork = await session.fork({ at: 3 });
      const said = async (of: Session): Promise<unknown> =>
        (await of.messages()).map(({ content }) => content);
      expect(await said(fork)).toEqual(["question"]);
      expect(await said(await session.fork({ at: "now" }))).toEqual(["question", "better", "and now?"]);
      expect((await session.retract({ ids: ["now"] })).map(({ seq }) => seq)).toEqual([7]);
      // The answer, and the result that was appended with it.
      const erased = await session.erase({ seqs: [3] });
      expect(erased.erased).toEqual([3, 4]);
      expect(erased.forks?.map((one) => one.erased)).toEqual([[3], [3, 4]]);
      const again = await runChatTurn(memory, { tenant, name: "b", options: request });
      expect(again).toEqual({ error: "not-found", asked: 0 });
    });

    // Acquire, start with head, question, thought, end, release; the view is in the cache.
    const calls = 7;
    const end = 6;

    it("leave no half answer when they are killed between any two calls", { timeout: 300_000 }, async () => {
      for (let diesAfter = 1; diesAfter <= calls; diesAfter++) {
        const tenant = randomUUID();
        const killed = await inProcess({ tenant, name: "a", options: request, diesAfter });
        expect(killed, `after call ${diesAfter}`).toBeUndefined();
        const by = diesAfter >= end ? "a" : "b";
        expect((await story(tenant)).results, `after call ${diesAfter}`).toBe(by === "a" ? 1 : 0);
        // Takes over, so that it need not wait for the lease of the dead process.
        const options = { ...request, whenBusy: "take-over" } as const;
        const again = await runChatTurn(memory, { tenant, name: "b", options });
        const answer = `answer to 1 by ${by}`;
        expect(again, `after call ${diesAfter}`).toEqual({ answer, asked: by === "a" ? 0 : 1 });
        expect(await story(tenant)).toEqual({ said: ["question", `thought of ${by}`, answer], results: 1 });
      }
      const alive = await inProcess({
        tenant: randomUUID(),
        name: "a",
        options: request,
        diesAfter: calls + 1,
      });
      expect(alive?.answer).toBe("answer to 1 by a");
    });

    it("wait for the lease of a process that was killed", { timeout: 120_000 }, async () => {
      const tenant = randomUUID();
      // Long enough that on a busy machine whoever works keeps its lease; it is waited for once.
      const options = { ...request, ttlMs: 8_000 };
      await inProcess({ tenant, name: "a", options, diesAfter: 5 });
      const again = await runChatTurn(memory, { tenant, name: "b", options });
      expect(again).toEqual({ answer: "answer to 1 by b", asked: 1 });
    });

    it("end in a typed error when the server dies in the middle, and can run again", {
      timeout: 600_000,
    }, async () => {
      const tenant = randomUUID();
      const session = memory.tenant(tenant).session("chat");
      const options = { ...request, ttlMs: 2_000 };
      const cut = session.turn(async (turn) => {
        await turn.append({ role: "user", content: "half" });
        await server.kill();
        turn.appendAtEnd({ role: "assistant", content: "answer" });
        return "answer";
      }, options);
      const first = await cut.catch((error: unknown) => error);
      if (first !== "answer")
        expect(first).toMatchObject({ code: expect.stringMatching(/unavailable|timeout/u) });
      const again = (): Promise<TurnDone> => runChatTurn(memory, { tenant, name: "b", options });
      await expect.poll(again, { timeout: 120_000 }).toMatchObject({ answer: expect.any(String) });
      const { said, results } = await story(tenant);
      expect(results).toBe(1);
      expect(said).toEqual(
        said.includes("half") ? ["half", "answer"] : ["question", "thought of b", "answer to 1 by b"],
      );
    });
  });
});
