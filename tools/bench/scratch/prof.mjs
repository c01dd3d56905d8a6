import { Session } from "node:inspector/promises";
import { context, metrics } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { traceStore } from "@relevo/handoff-tracing/telemetry";
import { createMemoryStore } from "@relevo/store-memory";

const addr = { tenant: "acme", namespace: ["agents", "planner"], key: "style" };
const sess = { tenant: "acme", session: "lead-123" };
const event = [{ type: "message", body: { role: "user", content: "hello there, this is a message" } }];
const s = createMemoryStore({ sweepIntervalMs: 0, maxSessionBytes: 8 * 1024 ** 3 });
await s.documents.put(addr, { value: { tone: "informal" } });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const provider = new TracerProvider({
  spanProcessors: [
    new BatchSpanProcessor({
      exporter: {
        export: (_, done) => done({ code: 0 }),
        shutdown: async () => {},
        forceFlush: async () => {},
      },
    }),
  ],
});
const t = traceStore(s, {
  inProcess: true,
  meterProvider: metrics.getMeterProvider(),
  tracerProvider: provider,
});
const call = process.argv[2] === "append" ? () => t.log.append(sess, event) : () => t.documents.get(addr);
for (let i = 0; i < 50000; i++) await call();
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.setSamplingInterval", { interval: 100 });
await session.post("Profiler.start");
for (let i = 0; i < 300000; i++) await call();
const { profile } = await session.post("Profiler.stop");
const self = new Map();
const byId = new Map(profile.nodes.map((n) => [n.id, n]));
let total = 0;
profile.samples.forEach((id, i) => {
  const n = byId.get(id);
  const d = profile.timeDeltas[i];
  const u = n.callFrame.url.replace(/.*node_modules\//, "").replace(/.*packages\//, "");
  const k = `${n.callFrame.functionName || "(anon)"} ${u.slice(-50)}:${n.callFrame.lineNumber + 1}`;
  self.set(k, (self.get(k) ?? 0) + d);
  total += d;
});
for (const [k, v] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 45))
  console.log(((v / total) * 100).toFixed(1).padStart(5), k);
process.exit(0);
