import type { JsonObject } from "../json.ts";
import type { ContentPart } from "../message.ts";

/**
 * What the fields, roles and parts of other libraries' messages are called here. Only looked at when a message is
 * refused, so that the error says what to write instead.
 */
export function foreignField(name: string): string | undefined {
  return own(fields, name);
}

export function foreignRole(role: string): string | undefined {
  return own(roles, role);
}

export function foreignPart(type: string): string | undefined {
  // The AI SDK names the parts of its UI after their tools.
  return own(parts, type) ?? (type.startsWith("tool-") ? uiCall : undefined);
}

/** A part without a type, as Gemini writes them: told by the field that it has. */
export function foreignUntypedPart(part: JsonObject): string | undefined {
  for (const name in untypedParts) if (part[name] !== undefined) return untypedParts[name];
  return undefined;
}

/** Which field of the part holds what is missing in `name`, and under which name it belongs here. */
export function foreignPartField(part: JsonObject, name: string): string | undefined {
  for (const other of namesElsewhere[name] ?? []) {
    if (part[other] === undefined) continue;
    const isHolder = typeof part[other] === "object" && name === "data";
    if (isHolder)
      return `What other libraries put in ${other} goes into the part itself here, as data, url or fileId.`;
    return `What is ${other} elsewhere is ${name}${name === "data" ? " or url" : ""} here.`;
  }
  return undefined;
}

/** What an item of another library is here that came in place of a message or an event, by its type. */
export function foreignItem(type: string): string | undefined {
  if (type.startsWith("x-")) return undefined;
  const isPart = Object.hasOwn(ownParts, type) || own(parts, type) !== undefined;
  return own(items, type) ?? (isPart ? inMessage : undefined);
}

/** The names come from outside, and one of them could be `constructor`. */
function own(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

const calls =
  'Write each call as a part of content: { type: "tool-call", toolCallId, toolName, input }, with the input as a value and not as JSON text.';
const result =
  'Write { role: "tool", content: [{ type: "tool-result", toolCallId, output }] }, with the id of the call.';
const resultPart =
  'Write { type: "tool-result", toolCallId, output } in a message with the role "tool"; a failed one has isError: true.';
const reasoning =
  'Write it as a part of content, before what it led to: { type: "reasoning", text, native }, with a signature in native.';
const text = 'Write { type: "text", text }.';
const image = 'Write { type: "image", url } or { type: "image", data, mediaType }, with data as base64.';
const file =
  'Write { type: "file", url }, { type: "file", fileId } or { type: "file", data, mediaType }, with data as base64.';
const native = 'Write { type: "native", format, item }';
const uiCall =
  'Write the call as { type: "tool-call", toolCallId, toolName, input } with the assistant, and what it returned as ' +
  '{ type: "tool-result", toolCallId, output } in a message with the role "tool" behind it.';
const nothing = "Leave it out: no model is shown it.";
const inMessage = "is a part of a message. Write { role, content: [part] }.";
const keep =
  "What only its provider understands goes into native: { format, item }; what is yours into metadata.";

const fields: Readonly<Record<string, string>> = {
  tool_calls: calls,
  toolCalls: calls,
  function_call: calls,
  toolInvocations: calls,
  tool_call_id: result,
  toolCallId: result,
  reasoning,
  reasoning_content: reasoning,
  thinking: reasoning,
  thinking_blocks: reasoning,
  refusal: "A refusal is what the assistant said: write it as text in content.",
  parts: "The parts of a message are its content.",
  text: "The text of a message is its content.",
  name: "Who speaks is agent here.",
  type: "A message has a role and no type.",
  createdAt: "When the message was made is at, in milliseconds since the epoch.",
  created_at: "When the message was made is at, in milliseconds since the epoch.",
  timestamp: "When the message was made is at, in milliseconds since the epoch.",
  additional_kwargs: keep,
  response_metadata: keep,
  usage_metadata: keep,
  cache_control: keep,
  annotations: keep,
  audio: keep,
  providerOptions: keep,
  providerMetadata: keep,
};

const roles: Readonly<Record<string, string>> = {
  developer: 'Write "system"; an adapter makes it what its provider wants.',
  human: 'Write "user".',
  ai: 'Write "assistant".',
  model: 'Write "assistant".',
  function: result,
  toolResult: result,
  tool_result: result,
};

const parts: Readonly<Record<string, string>> = {
  tool_use: calls,
  function_call: calls,
  functionCall: calls,
  tool_call: calls,
  "tool-invocation": calls,
  tool_result: resultPart,
  function_call_output: resultPart,
  functionResponse: resultPart,
  thinking: 'Write { type: "reasoning", text, native: { signature } }.',
  redacted_thinking: `${native}, with format "anthropic".`,
  server_tool_use: `${native}, with format "anthropic", its result in the same message.`,
  web_search_call: `${native}, with format "openai-responses".`,
  compaction: `${native}, with the API it comes from as format.`,
  reasoning_text: 'Write { type: "reasoning", text }.',
  refusal: text,
  input_text: text,
  output_text: text,
  image_url: image,
  input_image: image,
  document: file,
  input_file: file,
  input_audio: file,
  audio: file,
  "image-url": image,
  "tool-error": resultPart,
  "dynamic-tool": uiCall,
  "step-start": nothing,
  source: nothing,
  "source-url": nothing,
  "source-document": nothing,
  mcp_tool_use: `${native}, with format "anthropic", its result in the same message.`,
};

const untypedParts: Readonly<Record<string, string>> = {
  functionCall: calls,
  functionResponse: resultPart,
  inlineData: image,
  fileData: file,
  executableCode: `${native}, with format "gemini".`,
  codeExecutionResult: `${native}, with format "gemini".`,
  text,
};

/** Where others keep what these fields of parts hold here. */
const namesElsewhere: Readonly<Record<string, readonly string[]>> = {
  input: ["args", "arguments", "parameters"],
  output: ["result", "content"],
  data: ["image", "source", "file", "image_url", "base64"],
  url: ["image_url", "file_url", "uri"],
};

const ownParts: Readonly<Record<ContentPart["type"], true>> = {
  text: true,
  image: true,
  file: true,
  reasoning: true,
  "tool-call": true,
  "tool-result": true,
  "tool-approval-request": true,
  "tool-approval-response": true,
  native: true,
};

const hosted =
  'is an item of the Responses API. Write { role: "assistant", content: [{ type: "native", format: "openai-responses", item }] }.';
const itself = "is no type of an event. A message is { role, content } here.";

const items: Readonly<Record<string, string>> = {
  function_call:
    'is an item of the Responses API. Write { role: "assistant", content: [{ type: "tool-call", toolCallId, toolName, input }] }, with the input as a value and not as JSON text.',
  function_call_output:
    'is an item of the Responses API. Write { role: "tool", content: [{ type: "tool-result", toolCallId, output }] }.',
  reasoning:
    'is a part of a message. Write { role: "assistant", content: [{ type: "reasoning", text, native }] }, with what it led to behind it.',
  web_search_call: hosted,
  file_search_call: hosted,
  code_interpreter_call: hosted,
  image_generation_call: hosted,
  computer_call: hosted,
  mcp_call: hosted,
  compaction: hosted,
  human: itself,
  ai: itself,
  system: itself,
  tool: itself,
  constructor: itself,
};
