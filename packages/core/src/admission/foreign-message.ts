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
  return own(parts, type);
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
};
