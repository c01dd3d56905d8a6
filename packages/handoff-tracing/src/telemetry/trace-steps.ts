import { type Attributes, SpanKind } from "@opentelemetry/api";
import type { JsonValue } from "@relevo/core";
import { readInput, refuse } from "@relevo/core/input";
import { genAi } from "./conventions.ts";
import { withConversationId } from "./conversation.ts";
import { observe, prepareOperation } from "./observe.ts";
import { Telemetry } from "./telemetry.ts";
import type { TelemetryOptions } from "./telemetry-options.ts";

/** What every step may say of itself. */
interface StepInfo {
  /** The session that the step belongs to; that of the context when left out. */
  readonly conversation?: string | undefined;
}

export interface AgentInfo extends StepInfo {
  readonly name: string;
  readonly id?: string | undefined;
  readonly description?: string | undefined;
  readonly version?: string | undefined;
  /** The provider of the agent's model, such as `openai`. */
  readonly provider?: string | undefined;
  /** The agent runs in another process, and this is the call to it: the span is CLIENT instead of INTERNAL. */
  readonly remote?: boolean | undefined;
}

export interface ToolInfo extends StepInfo {
  readonly name: string;
  readonly callId?: string | undefined;
  readonly description?: string | undefined;
  /** `function` when left out. */
  readonly type?: string | undefined;
  /** Recorded as content alone. */
  readonly arguments?: JsonValue | undefined;
}

export interface WorkflowInfo extends StepInfo {
  readonly name: string;
}

/**
 * Runs one invocation of an agent inside an `invoke_agent {name}` span. Answers and throws what the work does.
 *
 * @throws `invalid-input` when there is no name or no work.
 */
export async function traceAgent<Result>(
  agent: AgentInfo,
  work: () => Promise<Result>,
  options: TelemetryOptions = {},
): Promise<Result> {
  const admitted = admitStep("agent", agent, work);
  const { name, id, description, version, provider, remote = false } = admitted;
  const attributes = {
    [genAi.agentName]: name,
    [genAi.agentId]: id,
    [genAi.agentDescription]: description,
    [genAi.agentVersion]: version,
    [genAi.providerName]: provider,
  };
  return step("invoke_agent", admitted, attributes, work, new Telemetry(options), remote);
}

/**
 * Runs one execution of a tool inside an `execute_tool {name}` span. Its arguments and its result are content: they are
 * recorded when a redactor is given.
 */
export async function traceTool<Result>(
  tool: ToolInfo,
  work: () => Promise<Result>,
  options: TelemetryOptions = {},
): Promise<Result> {
  const admitted = admitStep("tool", tool, work);
  const { name, callId, description, type = "function" } = admitted;
  const telemetry = new Telemetry(options);
  const attributes = {
    [genAi.toolName]: name,
    [genAi.toolCallId]: callId,
    [genAi.toolType]: type,
    [genAi.toolDescription]: description,
  };
  return step("execute_tool", admitted, attributes, work, telemetry, false, admitted.arguments);
}

/** Runs one run of a workflow inside an `invoke_workflow {name}` span; what happens inside is one trace. */
export async function traceWorkflow<Result>(
  workflow: WorkflowInfo,
  work: () => Promise<Result>,
  options: TelemetryOptions = {},
): Promise<Result> {
  const admitted = admitStep("workflow", workflow, work);
  const attributes = { [genAi.workflowName]: admitted.name };
  return step("invoke_workflow", admitted, attributes, work, new Telemetry(options), false);
}

/** @throws `invalid-input` that names what is wrong. */
function admitStep<Info extends StepInfo & { readonly name: string }>(
  kind: string,
  info: Info,
  work: unknown,
): Info {
  if (typeof work !== "function") throw refuse("work", "must be a function.");
  const read = readInput(kind, () => ({ ...info }));
  const { name, conversation } = read;
  if (typeof name !== "string") throw refuse(`${kind}.name`, "must be a string.");
  if (conversation !== undefined && typeof conversation !== "string")
    throw refuse(`${kind}.conversation`, "must be the id of a session.");
  return read;
}

function step<Result>(
  kind: "invoke_agent" | "execute_tool" | "invoke_workflow",
  { name, conversation }: StepInfo & { readonly name: string },
  given: { readonly [name: string]: string | undefined },
  work: () => Promise<Result>,
  telemetry: Telemetry,
  isRemote: boolean,
  input?: JsonValue,
): Promise<Result> {
  const attributes: Attributes = { [genAi.operationName]: kind };
  for (const [key, value] of Object.entries(given)) if (value !== undefined) attributes[key] = value;
  const isTool = kind === "execute_tool";
  const prepared = prepareOperation<[], Result>(
    {
      name: kind,
      spanName: `${kind} ${name}`,
      start(span) {
        telemetry.setContent(span, genAi.toolCallArguments, input, { kind: "arguments" });
        return conversation;
      },
      end(span, _, result) {
        if (isTool && result !== undefined)
          telemetry.setContent(span, genAi.toolCallResult, result as JsonValue, { kind: "result" });
      },
      enter: (active) => (conversation === undefined ? active : withConversationId(active, conversation)),
    },
    { kind: isRemote ? SpanKind.CLIENT : SpanKind.INTERNAL, attributes },
  );
  return observe(telemetry, prepared, [], async () => await work());
}
