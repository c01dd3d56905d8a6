import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Store } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { requireService } from "@relevo/test-services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedStores, servePostgres, serveRedis } from "./support/stores.ts";

const program = join(import.meta.dirname, "processes", "agent-process.ts");

function start(url: string, thread: string, mode: string, ...questions: readonly string[]): ChildProcess {
  return fork(program, [url, thread, mode, ...questions], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
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
        await Promise.all(questions.map((own) => ended(start(stores.url, "race", "race", ...own))));
        const log = await logOf(stores.open("shared"), "race");
        const asked = log
          .filter((line) => line.startsWith("user: "))
          .map((line) => line.slice("user: ".length));
        expect(log).toEqual(asked.flatMap(answered));
        for (const own of questions) expect(asked.filter((question) => own.includes(question))).toEqual(own);
      });

      it("a run that is killed at any step goes on in another process, and nothing is lost or doubled", async () => {
        const logs = await Promise.all(
          steps.map(async (step) => {
            const first = start(stores.url, step, step, "Look");
            await once(first, "message");
            first.kill("SIGKILL");
            await once(first, "exit");
            // Before its first step a graph may have stored nothing that it could go on from: the same message is sent again.
            const again =
              step === "before the agent" ? start(stores.url, step, "", "Look", "Again") : undefined;
            await ended(again ?? start(stores.url, step, "resume", "Again"));
            return [step, await logOf(stores.open("shared"), step)] as const;
          }),
        );
        for (const [step, log] of logs)
          expect([step, log]).toEqual([step, [...answered("Look"), ...answered("Again")]]);
      });
    },
  );
