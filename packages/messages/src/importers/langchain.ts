import type { JsonValue, Role } from "@relevo/core";
import { jsonEquals } from "@relevo/core/input";
import type { Draft } from "./draft.ts";
import { takeCall, takeImage } from "./openai-chat.ts";
import { reasoningText } from "./openai-responses.ts";
import { parseInput } from "./parse-input.ts";
import type { Run } from "./run.ts";
import { isArray, isObject, Source } from "./source.ts";

const roles: Readonly<Record<string, Role>> = {
  human: "user",
  user: "user",
  ai: "assistant",
  assistant: "assistant",
  system: "system",
  developer: "system",
  tool: "tool",
  function: "tool",
};
const storedFields = new Set(["type", "data", "role", "text"]);
const serializedFields = new Set(["lc", "type", "id", "kwargs"]);
const contentFields = ["content", "id", "name", "type", "role", "text"];
const described = ["response_metadata", "usage_metadata", "artifact", "metadata"];
const dataFields = new Set([...contentFields, ...described, "additional_kwargs", "lc_direct_tool_output"]);

const toolCallFields = new Set(["id", "name", "args", "type"]);
const rawCallFields = new Set(["id", "type", "function", "index"]);
const rawFunctionFields = new Set(["name", "arguments"]);

/**
 * A `StoredMessage`, a message as `JSON.stringify` writes it, or a row in which the fields of the data are those of the
 * message.
 */
export function takeLangchainMessage(item: Source, run: Run): void {
  const isSerialized = item.get("lc") !== undefined;
  const data = item.object(isSerialized ? "kwargs" : "data") ?? item;
  const type = isSerialized ? serializedType(item) : item.requireText("type");
  if (type === "remove") {
    run.drop(item, "", "A RemoveMessage is an instruction to a reducer and no message.");
    return;
  }
  const isGeneric = type === "generic" || type === "chat";
  const name = isGeneric ? data.requireText("role") : type;
  const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
  if (role === undefined)
    throw item.refuse(isGeneric ? "data.role" : "type", `must be one of ${Object.keys(roles).join(", ")}.`);
  const draft = run.start(role, item);
  draft.id = data.text("id");
  const known = new Set(dataFields);
  // LangChain for Python writes it into every message.
  if (data.get("example") === false) known.add("example");
  if (role === "tool") takeResult(data, name, draft, run, known);
  else if (role === "assistant") takeAnswer(data, draft, run, known);
  else {
    draft.content(data, contentName(data, known), (block) => takeBlock(block, draft, run, noCalls));
    const speaker = data.text("name");
    if (speaker !== undefined) draft.describe(data, { name: speaker });
    takeExtras(data, draft, []);
  }
  for (const field of described) {
    const value = data.get(field);
    if (value !== undefined && !(isObject(value) && Object.keys(value).length === 0))
      draft.describe(data, { [field]: value });
  }
  if (data !== item) draft.describe(item, run.others(item, isSerialized ? serializedFields : storedFields));
  draft.describe(data, run.others(data, known));
}

/** Messages with v1 blocks are stored with these twice, the calls of `tool_calls` among them. */
function contentName(data: Source, known: Set<string>): string {
  const isV1 = data.object("response_metadata")?.get("output_version") === "v1";
  if (isV1 && isArray(data.get("content_blocks"))) {
    known.add("content_blocks");
    return "content_blocks";
  }
  return data.get("content") === undefined ? "text" : "content";
}

const noCalls: ReadonlyMap<string, JsonValue> = new Map();

/** `["langchain_core", "messages", "AIMessageChunk"]` is of the type `ai`. */
function serializedType(item: Source): string {
  const id = item.get("id");
  const name = Array.isArray(id) ? id.at(-1) : undefined;
  if (typeof name !== "string") throw item.refuse("id", "must name the class of the message.");
  const type = /^(\w+?)Message(Chunk)?$/.exec(name)?.[1]?.toLowerCase();
  if (type === undefined) throw item.refuse("id", "must name the class of the message.");
  return type;
}

function takeResult(data: Source, name: string, draft: Draft, run: Run, known: Set<string>): void {
  known.add("status").add("tool_call_id");
  const isError = data.get("status") === "error" ? { isError: true } : {};
  const output = data.get("content") ?? data.get("text");
  if (name === "function") {
    const toolName = data.requireId("name");
    draft.parts.push(run.result(run.idOfResult(toolName, data), output, { toolName }));
  } else {
    const tool = data.text("name") || undefined;
    const more = { ...isError, ...(tool === undefined ? {} : { toolName: tool }) };
    draft.parts.push(run.result(data.requireId("tool_call_id"), output, more));
  }
  takeExtras(data, draft, []);
}

/** The calls are in `tool_calls`, and often once more in the content or in what the provider sent. */
function takeAnswer(data: Source, draft: Draft, run: Run, known: Set<string>): void {
  draft.agent = data.text("name") || undefined;
  known.add("tool_calls").add("invalid_tool_calls");
  const extras = data.object("additional_kwargs");
  const used = takeThoughts(extras, draft);
  const calls = data.objects("tool_calls");
  // The pieces of the same calls, as they were streamed.
  if (calls.length > 0) known.add("tool_call_chunks");
  const byId = new Map<string, JsonValue>();
  for (const call of calls) byId.set(call.text("id") ?? "", call.value);
  draft.content(data, contentName(data, known), (block) => takeBlock(block, draft, run, byId));
  const placed = new Map<string, JsonValue>();
  for (const part of draft.parts) if (part.type === "tool-call") placed.set(part.toolCallId, part.input);
  for (const call of calls) {
    const input = placed.get(call.text("id") ?? "");
    if (input === undefined) addCall(call, draft, run);
    else if (!isInput(call.get("args") ?? {}, input)) draft.lose(call.place("args"));
    draft.loseOthers(call, toolCallFields);
  }
  for (const call of data.objects("invalid_tool_calls")) takeInvalidCall(call, draft, run);
  const raw = extras?.objects("tool_calls") ?? [];
  const legacy = extras?.object("function_call");
  // Messages of old versions have their calls there alone.
  const others = draft.parts.some((part) => part.type === "tool-call") ? [] : raw;
  for (const call of others) takeCall(call, draft, run);
  if (legacy !== undefined && calls.length === 0) {
    const toolName = legacy.requireId("name");
    const { input } = parseInput(legacy.text("arguments") ?? "");
    draft.parts.push({ type: "tool-call", toolCallId: run.idOfCall(toolName, data), toolName, input });
  }
  const isCovered = others === raw || raw.every((call) => isPlainCall(call, byId));
  takeExtras(data, draft, [...used, "function_call", ...(isCovered ? ["tool_calls"] : [])]);
}

/** Whether a raw call says nothing that the parsed one does not. */
function isPlainCall(call: Source, parsed: ReadonlyMap<string, JsonValue>): boolean {
  const named = call.object("function");
  return (
    parsed.has(call.text("id") ?? "") &&
    call.others(rawCallFields) === undefined &&
    named?.others(rawFunctionFields) === undefined
  );
}

/** Reasoning that LangChain has no block for. */
function takeThoughts(extras: Source | undefined, draft: Draft): string[] {
  const text = extras?.get("reasoning_content");
  if (typeof text === "string" && text !== "") {
    draft.parts.push({ type: "reasoning", text });
    return ["reasoning_content"];
  }
  const item = extras?.get("reasoning");
  if (extras === undefined || !isObject(item)) return [];
  const source = extras.requireObject("reasoning");
  draft.parts.push({ type: "reasoning", text: reasoningText(source), native: item });
  return ["reasoning"];
}

/** What is left of `additional_kwargs` describes the message. */
function takeExtras(data: Source, draft: Draft, used: readonly string[]): void {
  const others = data.object("additional_kwargs")?.others(new Set(used));
  if (others !== undefined) draft.describe(data, { additional_kwargs: others });
}

function addCall(call: Source, draft: Draft, run: Run, args: JsonValue = call.get("args") ?? {}): void {
  const toolName = call.requireId("name");
  const toolCallId = call.text("id") || run.idOfCall(toolName, call, draft.parts.length);
  run.nameCall(toolCallId, toolName);
  draft.parts.push({ type: "tool-call", toolCallId, toolName, input: args });
}

/** Arguments that were no JSON, kept as the text that they are: a result may answer the call. */
function takeInvalidCall(call: Source, draft: Draft, run: Run): void {
  if (!call.text("id") || !call.text("name")) draft.addForeign(call);
  else {
    addCall(call, draft, run, call.text("args") ?? "");
    draft.loseOthers(call, new Set(["id", "name", "args", "type", "index"]));
  }
}

const blockFields = ["type", "id", "index"];

function takeBlock(block: Source, draft: Draft, run: Run, calls: ReadonlyMap<string, JsonValue>): void {
  switch (block.text("type")) {
    case "text":
    case "input_text":
    case "output_text":
      draft.addText(block.requireText("text"));
      draft.loseOthers(block, new Set([...blockFields, "text", "source_type"]));
      return;
    case "reasoning":
    case "thinking": {
      const text = block.text("reasoning") ?? block.text("thinking") ?? reasoningText(block);
      const native = block.others(new Set(["type", "index", "reasoning", "thinking"]));
      draft.parts.push({ type: "reasoning", text, ...(native === undefined ? {} : { native }) });
      return;
    }
    case "image_url":
      takeImage(block, draft);
      return;
    case "image":
    case "audio":
    case "video":
    case "file":
      if (!takeMedia(block, draft)) break;
      return;
    case "tool_call":
      addCall(block, draft, run);
      draft.loseOthers(block, new Set([...blockFields, "name", "args"]));
      return;
    case "tool_use":
    case "function_call":
    case "functionCall": {
      // A provider's own block of a call: the parsed one is in tool_calls.
      const call = calls.get(block.text("call_id") ?? block.text("id") ?? "");
      if (!isObject(call)) break;
      addCall(new Source(call, block.index, block.path), draft, run);
      const known = new Set([...blockFields, "call_id", "name"]);
      for (const name of ["input", "arguments", "args"])
        if (isInput(block.get(name), call.args)) known.add(name);
      draft.loseOthers(block, known);
      return;
    }
    case "server_tool_call":
    case "server_tool_call_result":
      takeServerTool(block, draft);
      return;
    default:
  }
  draft.addForeign(block);
}

/** Whether a provider's input of a call, a value or JSON text, is the parsed one. */
function isInput(input: JsonValue | undefined, args: JsonValue | undefined): boolean {
  const value = typeof input === "string" ? parseInput(input).input : input;
  return value !== undefined && args !== undefined && jsonEquals(value, args);
}

function takeServerTool(block: Source, draft: Draft): void {
  const providerExecuted = true;
  if (block.get("type") === "server_tool_call") {
    const [toolCallId, toolName] = [block.requireId("id"), block.requireId("name")];
    const input = block.get("args") ?? {};
    draft.parts.push({ type: "tool-call", toolCallId, toolName, input, providerExecuted });
    draft.loseOthers(block, new Set([...blockFields, "name", "args"]));
  } else {
    const toolCallId = block.requireId("toolCallId");
    const isError = block.get("status") === "error" ? { isError: true } : {};
    const output = block.get("output") ?? null;
    draft.parts.push({ type: "tool-result", toolCallId, output, ...isError, providerExecuted });
    draft.loseOthers(block, new Set([...blockFields, "toolCallId", "status", "output"]));
  }
}

/** Of version 1 (`fileId`, `mimeType`) or 0 (`source_type`). False for blocks in a provider's own form. */
function takeMedia(block: Source, draft: Draft): boolean {
  const isId = block.get("source_type") === "id";
  const fileId = isId ? block.text("id") : block.text("fileId");
  const [url, data] = [block.text("url"), block.text("data")];
  if (url === undefined && data === undefined && fileId === undefined) return false;
  const mediaType = block.text("mimeType") ?? block.text("mime_type");
  const isImage = block.get("type") === "image";
  draft.addMedia({ url, data, fileId, mediaType, isImage });
  draft.loseOthers(
    block,
    new Set([...blockFields, "url", "data", "fileId", "mimeType", "mime_type", "source_type"]),
  );
  return true;
}
