import { fork } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import {
  type BaggageEntryMetadata,
  baggageEntryMetadataFromString,
  context,
  propagation,
} from "@opentelemetry/api";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { createEnvelopes, type Envelope, type OpenedEnvelope } from "../../src/envelope/index.ts";
import { createHandoffs, renderChain } from "../../src/index.ts";
import {
  continueTrace,
  sourceOf,
  traceAgent,
  traceCarrier,
  traceHandoffs,
  traceWorkflow,
  withSources,
} from "../../src/telemetry/index.ts";
import { collectTraces } from "../telemetry/traces.ts";
import { serveLog } from "./log-over-http.ts";

const session = { tenant: "acme", session: "lead-1" };
const SECRET = "a secret of both, of 32 bytes and more";

interface RemoteAnswer {
  readonly pid: number;
  readonly answer: unknown;
  readonly spans: readonly {
    readonly name: string;
    readonly traceId: string;
    readonly spanId: string;
    readonly parentId: string | null;
    readonly conversation: string | null;
  }[];
}

it("makes one trace and one story of two processes that hand over by HTTP", async () => {
  using traces = collectTraces();
  await using store = createMemoryStore({ sweepIntervalMs: 0 });
  await using served = await serveLog(store.log);
  const child = fork(new URL("./remote-agent.ts", import.meta.url), {
    env: { ...process.env, LOG_URL: served.url, SECRET, NODE_OPTIONS: "" },
    execArgv: [],
  });
  try {
    const [url] = (await once(child, "message")) as [string];
    const envelopes = createEnvelopes({ keys: { current: "k", keys: { k: SECRET } } });
    const handoffs = createHandoffs({ log: store.log, observer: traceHandoffs() });
    const { incarnation } = await store.log.append(session, [
      { type: "message", body: { role: "user", content: "When can we meet?" } },
    ]);
    const send = async (text: string) => await fetch(url, { method: "POST", body: text });
    let sent = "";
    const answer = await context.with(
      propagation.setBaggage(context.active(), propagation.createBaggage({ plan: { value: "pro, yearly" } })),
      () =>
        traceWorkflow({ name: "meeting", conversation: "lead-1" }, () =>
          handoffs.run(
            { session, from: "coordinator", to: "scheduler", reason: "a meeting" },
            async (input) => {
              const { handoffId, depth, from, to, reason } = input;
              const handoff = { handoffId, depth, from, to, reason };
              sent = envelopes.seal({ ...session, incarnation, version: 1, handoff, trace: traceCarrier() });
              return (await (await send(sent)).json()) as RemoteAnswer;
            },
          ),
        ),
    );
    expect(answer.pid).not.toBe(process.pid);
    expect(answer.answer).toEqual({ read: 1, baggage: "plan=pro%2C%20yearly" });

    // One trace: every span of both processes, joined by their parents.
    const own = traces.spans();
    const [workflow, handoff] = own;
    const [calendar, scheduler] = answer.spans;
    expect(own.map(({ name }) => name)).toEqual(["invoke_workflow meeting", "relevo.handoff"]);
    expect(answer.spans.map(({ name }) => name)).toEqual(["relevo.handoff", "invoke_agent scheduler"]);
    expect(
      new Set([
        ...own.map((span) => span.spanContext().traceId),
        ...answer.spans.map(({ traceId }) => traceId),
      ]).size,
    ).toBe(1);
    expect(handoff?.parentSpanContext?.spanId).toBe(workflow?.spanContext().spanId);
    expect(scheduler?.parentId).toBe(handoff?.spanContext().spanId);
    expect(calendar?.parentId).toBe(scheduler?.spanId);
    expect([calendar, scheduler].map((span) => span?.conversation)).toEqual(["lead-1", "lead-1"]);

    // One story: the chain in the log has the other process's handoff inside ours.
    const drawn = renderChain(await handoffs.chain(session), { ascii: true });
    expect(drawn.split("\n").map((line) => line.replace(/\s+\S+ completed.*/u, ""))).toEqual([
      "Session lead-1: 2 handoffs",
      "`- coordinator -> scheduler",
      "   `- scheduler -> calendar",
    ]);

    // What was sent once is not taken again, nor with another content.
    expect(await (await send(sent)).text()).toBe("denied");
    expect(await (await send(sent.replace("coordinator", "Coordinator"))).text()).toBe("denied");
  } finally {
    child.kill();
  }
});

it("continues the trace of each envelope in a consumer that was started before, and links a batch to each of them", async () => {
  using traces = collectTraces();
  const envelopes = createEnvelopes();
  const queue: string[] = [];
  const sealFor = (to: string): Envelope => ({
    ...session,
    handoff: { handoffId: `h-${to}`, depth: 0, from: "coordinator", to, reason: "r" },
    trace: traceCarrier(),
  });
  // The consumer was started outside of any trace, as a worker of a queue is.
  let stop = false;
  const taken: OpenedEnvelope[] = [];
  const consumer = (async () => {
    while (!stop || queue.length > 0) {
      const text = queue.shift();
      if (text !== undefined) {
        const opened = await envelopes.open(text);
        taken.push(opened);
        await continueTrace(opened.trace, () =>
          traceAgent({ name: opened.handoff.to }, async () => undefined),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  for (const name of ["a", "b"])
    await traceWorkflow({ name }, async () => {
      await Promise.resolve();
      queue.push(envelopes.seal(sealFor(`agent-${name}`)));
    });
  stop = true;
  await consumer;
  const byName = new Map(traces.spans().map((span) => [span.name, span]));
  for (const name of ["a", "b"]) {
    const sender = byName.get(`invoke_workflow ${name}`)?.spanContext();
    expect(byName.get(`invoke_agent agent-${name}`)?.parentSpanContext).toMatchObject({
      spanId: sender?.spanId,
      traceId: sender?.traceId,
      isRemote: true,
    });
  }
  await withSources(
    taken.map((opened) => sourceOf(opened.trace)),
    () => traceAgent({ name: "join" }, async () => undefined),
  );
  const join = traces.spans().at(-1);
  expect(join?.links.map((link) => link.context.spanId)).toEqual(
    ["a", "b"].map((name) => byName.get(`invoke_workflow ${name}`)?.spanContext().spanId),
  );
});

it("survives await, timers and a worker thread", async () => {
  using traces = collectTraces();
  const inThread: RemoteAnswer["spans"][number][] = [];
  await traceWorkflow({ name: "w" }, async () => {
    await new Promise<void>((resolve) => {
      setTimeout(() => void traceAgent({ name: "timer" }, async () => resolve()), 1);
    });
    await new Promise<void>((resolve) => {
      setImmediate(() => queueMicrotask(() => void traceAgent({ name: "microtask" }, async () => resolve())));
    });
    const script = new URL("../processes/agent-thread.ts", import.meta.url);
    const worker = new Worker(script, { execArgv: [] });
    try {
      const handoff = { handoffId: "h", depth: 0, from: "a", to: "worker", reason: "r" };
      worker.postMessage(createEnvelopes().seal({ ...session, handoff, trace: traceCarrier() }));
      const [answer] = (await once(worker, "message")) as [RemoteAnswer["spans"]];
      inThread.push(...answer);
    } finally {
      await worker.terminate();
    }
  });
  const [workflow, ...agents] = traces.spans();
  expect(agents.map(({ name }) => name)).toEqual(["invoke_agent timer", "invoke_agent microtask"]);
  const { spanId, traceId } = workflow?.spanContext() ?? {};
  for (const agent of agents) expect(agent.parentSpanContext?.spanId).toBe(spanId);
  const [tool, agent] = inThread;
  expect(agent).toMatchObject({ name: "invoke_agent worker", traceId, parentId: spanId });
  expect(tool).toMatchObject({ name: "execute_tool count", traceId, parentId: agent?.spanId });
});

it("seals whatever baggage an application has, within the limits of the W3C", () => {
  using _ = collectTraces();
  const entries: Record<string, { value: string; metadata?: BaggageEntryMetadata }> = {
    half: { value: "\uD800" },
    odd: { value: "ñ, ;=", metadata: baggageEntryMetadataFromString("line\nbreak") },
    large: { value: "x".repeat(9000) },
  };
  for (let index = 0; index < 100; index++) entries[`k${index}`] = { value: "v".repeat(50) };
  const baggage = propagation.createBaggage(entries);
  const carrier = context.with(propagation.setBaggage(context.active(), baggage), traceCarrier);
  const members = carrier.baggage?.split(",") ?? [];
  expect(members.slice(0, 3)).toEqual(["half=%EF%BF%BD", "odd=%C3%B1%2C%20%3B%3D", `k0=${"v".repeat(50)}`]);
  expect(members).toHaveLength(64);
  const handoff = { handoffId: "h", depth: 0, from: "a", to: "b", reason: "r" };
  expect(createEnvelopes().seal({ ...session, handoff, trace: carrier })).toContain("half=");
});

it("runs work as ever when a carrier names no trace, or one that it cannot read", async () => {
  using traces = collectTraces();
  const carriers = [
    undefined,
    {},
    { traceparent: "no" },
    { traceparent: `00-${"0".repeat(32)}-${"1".repeat(16)}-01` },
    { baggage: "=;,%=%,a=%ff" },
  ];
  for (const carrier of carriers) {
    expect(sourceOf(carrier)).toBeUndefined();
    expect(await continueTrace(carrier, () => traceAgent({ name: "x" }, async () => 7))).toBe(7);
  }
  expect(traces.spans().every((span) => span.parentSpanContext === undefined)).toBe(true);
  expect(traceCarrier()).toEqual({});
});
