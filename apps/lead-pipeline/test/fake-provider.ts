import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Provider = "openai" | "anthropic" | "ollama";

/** A call that the fake model makes; or the text it says instead. */
export type Step = { readonly tool: string; readonly args: Readonly<Record<string, unknown>> } | string;

/** What the fake model does in the turn of an agent: the nth answer in a turn is the nth step, then the last again. */
export type Script = Readonly<Record<string, readonly Step[]>>;

/** How the server answers instead of speaking the protocol. */
export type Fault = "status-500" | "silence" | "nonsense";

export interface FakeProvider extends AsyncDisposable {
  readonly url: string;
  /** Bodies of the requests, as text. */
  readonly requests: readonly string[];
  /** Resolves when a request has come. */
  readonly firstRequest: Promise<void>;
  /** Lets answers that were held back go out. */
  release(): void;
}

/** A loopback server that speaks a provider's protocol and follows a script. With `hold`, answers wait for `release`. */
export async function startFakeProvider(
  provider: Provider,
  script: Script,
  options: { readonly fault?: Fault; readonly hold?: boolean } = {},
): Promise<FakeProvider> {
  const requests: string[] = [];
  const first = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  if (options.hold !== true) gate.resolve();
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    requests.push(body);
    first.resolve();
    await gate.promise;
    if (options.fault === "silence") return;
    if (options.fault === "status-500") {
      const error = "the model is on fire";
      return send(response, 500, {
        error: provider === "ollama" ? error : { type: "api_error", message: error },
      });
    }
    if (options.fault === "nonsense") return send(response, 200, "<html>hello</html>");
    send(response, 200, answers[provider](nextStep(body, script), requests.length));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    firstRequest: first.promise,
    release: () => gate.resolve(),
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}

function nextStep(body: string, script: Script): Step {
  const agent = /You are ([a-z_]+),/.exec(body)?.[1] ?? "";
  const { messages } = JSON.parse(body) as { readonly messages: readonly { readonly role: string }[] };
  const steps = script[agent] ?? [`no script for ${agent}`];
  const step =
    steps[Math.min(messages.filter(({ role }) => role === "assistant").length, steps.length - 1)] ?? "";
  // The slots are known only from the tool's answer.
  const slot = /20\d\d-\d\d-\d\dT\d\d:\d\d:00\.000Z/.exec(body)?.[0] ?? "none";
  return JSON.parse(JSON.stringify(step).replaceAll("SLOT", slot)) as Step;
}

const answers = {
  openai: (step, count) => ({
    id: `chat-${count}`,
    object: "chat.completion",
    created: 1_700_000_000,
    model: "fake",
    choices: [
      {
        index: 0,
        finish_reason: typeof step === "string" ? "stop" : "tool_calls",
        message:
          typeof step === "string"
            ? { role: "assistant", content: step }
            : {
                role: "assistant",
                content: null,
                tool_calls: [
                  {
                    id: `call-${count}`,
                    type: "function",
                    function: { name: step.tool, arguments: JSON.stringify(step.args) },
                  },
                ],
              },
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }),
  anthropic: (step, count) => ({
    id: `msg-${count}`,
    type: "message",
    role: "assistant",
    model: "fake",
    content:
      typeof step === "string"
        ? [{ type: "text", text: step }]
        : [{ type: "tool_use", id: `toolu_${count}`, name: step.tool, input: step.args }],
    stop_reason: typeof step === "string" ? "end_turn" : "tool_use",
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  }),
  ollama: (step) => ({
    model: "fake",
    created_at: "2026-01-01T00:00:00Z",
    message:
      typeof step === "string"
        ? { role: "assistant", content: step }
        : {
            role: "assistant",
            content: "",
            tool_calls: [{ function: { name: step.tool, arguments: step.args } }],
          },
    done: true,
    done_reason: "stop",
    prompt_eval_count: 1,
    eval_count: 1,
  }),
} as const satisfies Record<Provider, (step: Step, count: number) => object>;

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, body: object | string): void {
  const text = typeof body === "string" ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(status, { "content-type": typeof body === "string" ? "text/html" : "application/json" });
  response.end(text);
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** The way of a good lead, as a model with other words than ours would go it. */
export const goodScript: Script = {
  coordinator: [
    { tool: "recall_lead", args: {} },
    { tool: "transfer_to_lead_qualifier", args: { reason: "please score" } },
  ],
  lead_qualifier: [
    { tool: "record_qualification", args: { score: 81, reasons: ["big", "in a hurry"], asksToMeet: true } },
    {
      tool: "transfer_to_outbound_contact",
      args: { reason: "looks great", priority: "urgent", notes: "be quick" },
    },
  ],
  outbound_contact: [
    { tool: "recall_contact", args: {} },
    {
      tool: "write_email",
      args: { kind: "invitation", language: "en", subject: "Hi", body: "Let us meet." },
    },
    { tool: "transfer_to_meeting_scheduler", args: { reason: "wants to meet" } },
  ],
  meeting_scheduler: [
    { tool: "list_free_slots", args: {} },
    { tool: "book_meeting", args: { slot: "SLOT" } },
    { tool: "close_lead", args: { outcome: "meeting_scheduled", summary: "Booked." } },
  ],
};

/** The settings that point `RELEVO_MODEL` at the fake. */
export function environmentFor(provider: Provider, url: string): Record<string, string> {
  const base = {
    RELEVO_MODEL: `${provider}:fake-model`,
    RELEVO_MODEL_RETRIES: "0",
    RELEVO_MODEL_TIMEOUT_MS: "300000",
  };
  if (provider === "openai") return { ...base, OPENAI_API_KEY: "key", OPENAI_BASE_URL: `${url}/v1` };
  if (provider === "anthropic") return { ...base, ANTHROPIC_API_KEY: "key", ANTHROPIC_BASE_URL: url };
  return { ...base, OLLAMA_HOST: url.replace("http://", "") };
}
