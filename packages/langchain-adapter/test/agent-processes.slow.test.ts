import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Store } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentJob } from "./processes/agent-process.ts";
import { type ServedStores, servePostgres, serveRedis } from "./support/stores.ts";

const program = join(import.meta.dirname, "processes", "agent-process.ts");

function start(job: AgentJob): ChildProcess {
  return fork(program, [JSON.stringify(job)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`The process ended with ${code}.`);
}

async function logOf(store: Store, thread: string): Promise<readonly string[]> {
  const messages = await createMemory({ store }).tenant("acme").session(thread).messages();
  return messages.map(({ role, content }) =>
    typeof content === "string"
      ? `${role}: ${content}`
      : `${role}: ${content.map((part) => ("toolCallId" in part ? part.toolCallId : part.type)).join()}`,
  );
}

/** Where a process is killed. */
const steps = [
  "before the agent",
  "before the model",
  "in the first call of the model",
  "in a tool",
  "in a tool beside one that has answered",
  "in the second call of the model",
  "after the agent",
] as const;

const answered = (question: string): readonly string[] => [
  `user: ${question}`,
  `assistant: call ${question},also ${question}`,
  `tool: call ${question}`,
  `tool: also ${question}`,
  "assistant: Done.",
];

for (const [name, service, serve] of [
  ["Redis", "redis", serveRedis],
  ["PostgreSQL", "postgres", servePostgres],
] as const)
  describe.skipIf(!requireService(service, { for: "agents in several processes on it" }))(
    `on ${name}`,
    { concurrent: true },
    () => {
      let stores: ServedStores;
      beforeAll(async () => {
        stores = await serve();
      });
      afterAll(async () => {
        await stores?.[Symbol.asyncDispose]();
      });

      it("two processes on one thread do not interleave, and lose, double or reorder nothing", async () => {
        const questions = [0, 1].map((who) => Array.from({ length: 6 }, (_, n) => `${who}-${n}`));
        const processes = questions.map((own) =>
          start({ url: stores.url, runs: [{ thread: "race", questions: own, checkpoints: false }] }),
        );
        await Promise.all(processes.map(ended));
        const log = await logOf(stores.open("shared"), "race");
        const asked = log
          .filter((line) => line.startsWith("user: "))
          .map((line) => line.slice("user: ".length));
        expect(log).toEqual(asked.flatMap(answered));
        for (const own of questions) expect(asked.filter((question) => own.includes(question))).toEqual(own);
      });

      it("a run that is killed at any step goes on in another process, and nothing is lost or doubled", async () => {
        // One process is in the middle of all of the runs when it is killed, and one other continues them.
        const first = start({
          url: stores.url,
          runs: steps.map((step) => ({ thread: step, stopAt: step, questions: ["Look"] })),
        });
        const exit = once(first, "exit");
        await Promise.race([once(first, "message"), exit]);
        first.kill("SIGKILL");
        expect(await exit).toEqual([null, "SIGKILL"]);
        const runs = steps.map((step) =>
          // Before its first step a graph may have stored nothing that it could go on from: the same message is sent again.
          step === "before the agent"
            ? { thread: step, questions: ["Look", "Again"] }
            : { thread: step, resume: true, questions: ["Again"] },
        );
        await ended(start({ url: stores.url, runs }));
        const store = stores.open("shared");
        const logs = await Promise.all(steps.map(async (step) => [step, await logOf(store, step)]));
        expect(logs).toEqual(steps.map((step) => [step, [...answered("Look"), ...answered("Again")]]));
      });
    },
  );
