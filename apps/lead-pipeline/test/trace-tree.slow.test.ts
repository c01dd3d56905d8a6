import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { openTracing } from "../src/cli/tracing.ts";
import { runProgram } from "./run-program.ts";

interface OtlpAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

const leads = [
  {
    id: "A",
    email: "ana@techcorp.example",
    company: "TechCorp",
    message: "We want to buy a CRM for 200 people. A demo?",
  },
  {
    id: "B",
    email: "win@prize.example",
    message: "FREE MONEY!!! CLICK NOW http://a.example http://b.example",
  },
];
const stdin = leads.map((lead) => JSON.stringify(lead)).join("\n");

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

it("draws the trace of a lead: its agents, their tools, handoffs and memory", async () => {
  const { code, stdout, stderr } = await runProgram(["--trace", "--chains", "A"], { stdin, from: "sources" });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [, tree = ""] = /Trace of lead A\n([\s\S]*?)\n\n/u.exec(stdout) ?? [];
  const lines = tree.split("\n").map((line) => line.replace(/ +\d+\.\d ms/u, ""));
  expect(lines[0]).toBe("invoke_workflow lead");
  expect(lines).toContain("├─ invoke_agent coordinator");
  expect(lines).toContain("├─ handoff coordinator → lead_qualifier  completed, last(6), 5 messages");
  expect(lines).toContain("│  │  ├─ execute_tool record_qualification");
  // What counts the calls is no part of the story.
  expect(tree).not.toContain("hour:");
  expect(stdout).not.toContain("Trace of lead B");
});

it("sends one trace for each lead to the collector that the environment names", async () => {
  const requests: OtlpRequest[] = [];
  const headers: unknown[] = [];
  const server = createServer(async (request, response) => {
    headers.push([request.url, request.headers["x-key"]]);
    requests.push(JSON.parse(await bodyOf(request)));
    response.setHeader("content-type", "application/json").end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_HEADERS: "x-key=secret",
      OTEL_SERVICE_NAME: "sales",
    };
    const { code, stderr } = await runProgram([], { stdin, env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(new Set(headers.map((header) => JSON.stringify(header)))).toEqual(
      new Set(['["/v1/traces","secret"]']),
    );
    const resources = requests.flatMap(({ resourceSpans }) => resourceSpans);
    const [resource] = resources;
    expect(resource?.resource.attributes).toContainEqual({
      key: "service.name",
      value: { stringValue: "sales" },
    });
    const spans = resources.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    const workflows = spans.filter(({ name }) => name === "invoke_workflow lead");
    expect(workflows.map(({ parentSpanId = "" }) => parentSpanId)).toEqual(["", ""]);
    expect(new Set(workflows.map(({ traceId }) => traceId)).size).toBe(2);
    // Whatever an agent, a tool or a handoff did belongs to one of them.
    const traces = new Set(workflows.map(({ traceId }) => traceId));
    const inside = spans.filter(({ name }) =>
      /^(?:invoke_agent|execute_tool|relevo\.handoff|create_memory)/u.test(name),
    );
    expect(inside.length).toBeGreaterThan(10);
    expect(inside.every(({ traceId }) => traces.has(traceId))).toBe(true);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it("loads no SDK when nothing is drawn or sent, or when the environment switches it off", async () => {
  const OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:9";
  const none = [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: "" },
    { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: "true" },
    { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: "none" },
  ];
  for (const env of none) expect(await openTracing(false, env, () => undefined)).toBeUndefined();
  await using tracing = await openTracing(true, {}, () => undefined);
  expect(tracing?.spans).toEqual([]);
});
