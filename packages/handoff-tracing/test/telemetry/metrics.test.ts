import { channel } from "node:diagnostics_channel";
import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import type { TokenCounter } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { window } from "@relevo/truncation";
import { afterEach, expect, it } from "vitest";
import { createHandoffs, last } from "../../src/index.ts";
import {
  traceHandoffs,
  traceInternals,
  traceMemory,
  traceStore,
  traceWorkflow,
} from "../../src/telemetry/index.ts";
import { failingAppends } from "../support.ts";
import { collectTraces } from "./traces.ts";

afterEach(() => metrics.disable());

function collectMetrics() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    provider,
    /** Every data point so far by metric, the newest state of each. */
    async points(): Promise<Map<string, readonly DataPoint<unknown>[]>> {
      await reader.forceFlush();
      const newest = exporter.getMetrics().at(-1)?.scopeMetrics ?? [];
      return new Map(
        newest.flatMap(({ metrics: all }) =>
          all.map(({ descriptor, dataPoints }) => [
            descriptor.name,
            dataPoints as readonly DataPoint<unknown>[],
          ]),
        ),
      );
    },
  };
}

const counter: TokenCounter = { name: "words", countText: () => 3, countMessage: () => 3 };

/** The same work under names of its own, with a success and a failure of each kind. */
async function work(store: ReturnType<typeof createMemoryStore>, name: string): Promise<void> {
  const traced = traceStore(store, { inProcess: true });
  const memory = traceMemory(createMemory({ store: traced, view: window({ messages: 1 }) }));
  const session = memory.tenant(`tenant-${name}`).session(`session-${name}`);
  const agent = memory.tenant(`tenant-${name}`).agent(`agent-${name}`);
  await session.append({ role: "user", content: "a" }, { operationId: name });
  await session.append({ role: "user", content: "a" }, { operationId: name });
  await session.append({ role: "user", content: "b" });
  await session.view();
  await agent.remember(`key-${name}`, 1);
  await agent.recall(`key-${name}`);
  await agent.recall("none");
  await session.append({ role: "user", content: "c" }, { expectedVersion: 0 }).catch(() => undefined);
  const { token = "" } = await traced.log.read(session.address);
  await traced.log.read(session.address, { unlessToken: token });
  await traced.log.read(session.address, { unlessToken: "old" });
  const lease = await session.lease({ waitMs: 10 });
  await session.lease({ waitMs: 1 }).catch(() => undefined);
  await lease.release();
  const handoffs = createHandoffs({ log: traced.log, counter, observer: traceHandoffs() });
  const to = { session, from: `from-${name}`, to: `to-${name}`, reason: name, policy: last(1) };
  await handoffs.run(to, () => 1);
  await handoffs
    .run(to, () => {
      throw new Error(name);
    })
    .catch(() => undefined);
}

it("counts operations, handoffs, recalls, views, cached reads, waits for leases and replays", async () => {
  const { provider, points } = collectMetrics();
  metrics.setGlobalMeterProvider(provider);
  await using store = createMemoryStore({ sweepIntervalMs: 0 });
  await work(store, "one");
  const all = await points();
  const values = (metric: string) =>
    (all.get(metric) ?? []).map(({ attributes, value }) => [Object.values(attributes).join(" "), value]);
  expect(Object.fromEntries(values("relevo.handoffs"))).toEqual({ completed: 1, "failed Error": 1 });
  expect(Object.fromEntries(values("relevo.recalls"))).toEqual({ true: 1, false: 1 });
  expect(Object.fromEntries(values("relevo.replays"))).toEqual({ "log.append": 1 });
  expect(Object.fromEntries(values("relevo.cache.reads"))).toEqual({ true: 1, false: 1 });
  expect(Object.fromEntries(values("relevo.view.messages"))).toEqual({ shown: 1, dropped: 1, summarized: 0 });
  const counts = (metric: string) =>
    (all.get(metric) ?? []).map(({ attributes, value }) => [
      Object.values(attributes).join(" "),
      (value as { count: number }).count,
    ]);
  expect(Object.fromEntries(counts("relevo.lease.wait"))).toEqual({ true: 1, false: 1 });
  expect(Object.fromEntries(counts("relevo.operation.duration"))).toMatchObject({
    "session.view": 1,
    "session.append": 3,
    "session.append conflict": 1,
    "documents.put create_memory": 1,
    handoff: 1,
    "handoff Error": 1,
  });
});

it("has the same series whatever the number of tenants, sessions, agents and keys", async () => {
  const { provider, points } = collectMetrics();
  metrics.setGlobalMeterProvider(provider);
  await using store = createMemoryStore({ sweepIntervalMs: 0 });
  const series = async () => {
    const all = [...(await points())].flatMap(([metric, data]) =>
      data.map(({ attributes }) => `${metric} ${JSON.stringify(attributes)}`),
    );
    return all.sort();
  };
  await work(store, "one");
  const one = await series();
  for (let index = 0; index < 20; index++) await work(store, `other-${index}`);
  expect(await series()).toEqual(one);
  expect(one.join("\n")).not.toMatch(/one|tenant-|session-|agent-|key-/u);
});

it("measures from when a provider is registered, also one that comes late, and with one given as an option", async () => {
  await using store = createMemoryStore({ sweepIntervalMs: 0 });
  const address = { tenant: "acme", session: "s" };
  const late = traceStore(store, { inProcess: true });
  await late.log.head(address);
  const { provider, points } = collectMetrics();
  metrics.setGlobalMeterProvider(provider);
  await late.log.head(address);
  const duration = async (from: typeof points) =>
    ((await from()).get("relevo.operation.duration") ?? []).map(
      ({ value }) => (value as { count: number }).count,
    );
  expect(await duration(points)).toEqual([1]);
  const own = collectMetrics();
  await traceStore(store, { meterProvider: own.provider }).log.head(address);
  expect(await duration(own.points)).toEqual([1]);
  expect(await duration(points)).toEqual([1]);
});

it("counts what is tried again, and says so on the span, until that is ended", async () => {
  const { provider, points } = collectMetrics();
  using traces = collectTraces();
  await using store = createMemoryStore({ sweepIntervalMs: 0 });
  const session = { tenant: "acme", session: "s" };
  const counted = async () =>
    ((await points()).get("relevo.retries") ?? []).map(({ attributes, value }) => [attributes, value]);
  const handOver = () => {
    const log = failingAppends(store.log, ["down", "down"]);
    const handoffs = createHandoffs({ log, retry: { delayMs: 0 } });
    return handoffs.run({ session, from: "a", to: "b", reason: "r" }, () => 1);
  };
  await handOver();
  expect(await counted()).toEqual([]);
  {
    using _ = traceInternals({ meterProvider: provider });
    await traceWorkflow({ name: "w" }, handOver);
    channel("relevo:retry").publish({ name: "user 17", attempt: 1, code: "conflict" });
    channel("relevo:retry").publish(undefined);
  }
  channel("relevo:retry").publish({ name: "after", attempt: 1 });
  expect(await counted()).toEqual([
    [{ "relevo.retry.name": "handoff-append", "error.type": "unavailable" }, 2],
    [{ "relevo.retry.name": "_OTHER", "error.type": "conflict" }, 1],
  ]);
  const { events } = traces.spans().find(({ name }) => name === "invoke_workflow w") ?? {};
  expect(events?.map(({ name, attributes }) => [name, attributes?.["relevo.retry.attempt"]])).toEqual([
    ["relevo.retry", 1],
    ["relevo.retry", 2],
  ]);
});

it("counts the reads that the cache of sessions answers without the store, and those that it cannot", async () => {
  const { provider, points } = collectMetrics();
  metrics.setGlobalMeterProvider(provider);
  using _ = traceInternals();
  await using plain = createMemoryStore({ sweepIntervalMs: 0 });
  const store = traceStore(plain, { inProcess: true });
  const session = createMemory({ store, cache: { sessions: 10 } })
    .tenant("acme")
    .session("s");
  await session.append({ role: "user", content: "a" });
  await session.append({ role: "user", content: "b" });
  await session.view();
  await plain.log.append(session.address, [{ type: "message", body: { role: "user", content: "c" } }]);
  await session.view();
  await session.view();
  const reads = (await points()).get("relevo.cache.reads") ?? [];
  const counted = Object.fromEntries(
    reads.map(({ attributes, value }) => [Object.values(attributes)[0], value]),
  );
  // The write of another one makes the copy stale once, which the store is asked about.
  expect(counted).toEqual({ true: 2, false: 1 });
});
