import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createRedisStore } from "@relevo/store-redis";
import { requireService, startRedis } from "@relevo/test-services";
import { createClient } from "redis";
import { expect, it } from "vitest";
import { createEnvelopes } from "../../src/envelope/index.ts";
import { createHandoffs } from "../../src/index.ts";
import { traceCarrier, traceHandoffs, traceStore, traceWorkflow } from "../../src/telemetry/index.ts";
import { collectTraces } from "../telemetry/traces.ts";

const session = { tenant: "acme", session: "lead-1" };
const secret = "a secret of both, of 32 bytes and more";

/** What the other process answers. */
interface Answer {
  readonly pid: number;
  readonly result: unknown;
  readonly spans: readonly {
    readonly name: string;
    readonly traceId: string;
    readonly spanId: string;
    readonly parentId: string | null;
    readonly conversation: string | null;
  }[];
}

it.skipIf(!requireService("redis", { for: "envelopes through a queue" }))(
  "makes one trace and one story of two processes with a queue between them",
  { timeout: 120_000 },
  async () => {
    using traces = collectTraces();
    await using redis = await startRedis();
    const client = await createClient({ url: redis.url }).connect();
    const script = fileURLToPath(new URL("../processes/queue-worker.ts", import.meta.url));
    const worker = spawn(process.execPath, [script, redis.url, secret], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    try {
      const { log } = traceStore(createRedisStore({ client }));
      const handoffs = createHandoffs({ log, observer: traceHandoffs() });
      const envelopes = createEnvelopes({ keys: { current: "k", keys: { k: secret } } });
      const { incarnation } = await log.append(session, [
        { type: "message", body: { role: "user", content: "When can we meet?" } },
      ]);
      traces.reset();
      const answered = async () => {
        const answer = await client.blPop("answers", 60);
        return JSON.parse(answer?.element ?? "null") as Answer;
      };
      let sent = "";
      const answer = await traceWorkflow({ name: "meeting", conversation: "lead-1" }, () =>
        handoffs.run(
          { session, from: "coordinator", to: "scheduler", reason: "a meeting" },
          async (input) => {
            const { handoffId, depth, from, to, reason } = input;
            const handoff = { handoffId, depth, from, to, reason };
            sent = envelopes.seal({ ...session, incarnation, handoff, trace: traceCarrier() });
            await client.rPush("envelopes", sent);
            return await answered();
          },
        ),
      );
      expect(answer).toMatchObject({ pid: worker.pid, result: 1 });

      const own = traces.spans();
      const handoff = own.find(({ name }) => name === "relevo.handoff")?.spanContext();
      const agent = answer.spans.find(({ name }) => name === "invoke_agent scheduler");
      expect(agent).toMatchObject({ traceId: handoff?.traceId, parentId: handoff?.spanId });
      // The other process's handoff and what it reads and writes in Redis are below its agent, in the same trace.
      expect(answer.spans.map(({ name, parentId }) => [name, parentId === agent?.spanId])).toEqual(
        expect.arrayContaining([
          ["search_memory", true],
          ["create_memory", true],
          ["relevo.handoff", true],
        ]),
      );
      expect(
        new Set([...own.map((span) => span.spanContext()), ...answer.spans].map(({ traceId }) => traceId))
          .size,
      ).toBe(1);
      expect(new Set(answer.spans.map(({ conversation }) => conversation))).toEqual(new Set(["lead-1"]));

      const { entries } = await handoffs.chain(session);
      expect(entries.map(({ from, to, status, depth }) => [from, to, status, depth])).toEqual([
        ["coordinator", "scheduler", "completed", 0],
        ["scheduler", "calendar", "completed", 1],
      ]);

      // A queue may deliver twice.
      await client.rPush("envelopes", sent);
      expect(await answered()).toMatchObject({ result: "denied", spans: [] });
      expect((await handoffs.chain(session)).entries).toHaveLength(2);
    } finally {
      worker.kill("SIGKILL");
      await client.close();
    }
  },
);
