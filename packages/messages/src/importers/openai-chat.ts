import type { Role } from "@relevo/core";
import type { Draft } from "./draft.ts";
import { parseInput } from "./parse-input.ts";
import type { Run } from "./run.ts";
import { isObject, type Source } from "./source.ts";

const roles: Readonly<Record<string, Role>> = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
  tool: "tool",
  function: "tool",
};
/** The fields that the API takes. Other fields of a message describe it. */
const messageFields: ReadonlySet<string> = new Set([
  ...["role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal", "audio"],
]);
const reasoningFields = ["reasoning_content", "reasoning", "reasoning_details"];
const callFields = new Set(["id", "type", "function", "custom", "index"]);
const functionFields = new Set(["name", "arguments"]);
const textFields = new Set(["type", "text"]);
const imageFields = new Set(["type", "image_url"]);
const urlFields = new Set(["url"]);
const fileFields = new Set(["type", "file"]);
const fileDataFields = new Set(["file_data", "file_id", "filename"]);

/** A message of Chat Completions, or a completion with the message in it. */
export function takeChatMessage(item: Source, run: Run): void {
  if (item.get("choices") === undefined) takeMessage(item, run);
  else takeCompletion(item, run);
}

function takeCompletion(item: Source, run: Run): void {
  const [choice, ...alternatives] = item.objects("choices");
  if (choice === undefined) throw item.refuse("choices", "must have at least one choice.");
  for (const { path } of alternatives)
    run.drop(item, path, "Only the first choice of a completion is part of the conversation.");
  const draft = takeMessage(choice.requireObject("message"), run);
  draft.id = item.text("id");
  draft.describe(item, run.others(item, new Set(["id", "object", "choices"])));
  draft.describe(choice, choice.others(new Set(["index", "message"])));
}

function takeMessage(item: Source, run: Run): Draft {
  const name = item.requireText("role");
  const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
  if (role === undefined) throw item.refuse("role", `must be one of ${Object.keys(roles).join(", ")}.`);
  const draft = run.start(role, item, run.original(item, messageFields));
  draft.id = item.text("id");
  const known = new Set(["role", "content", "id", "name"]);
  if (name === "tool") {
    known.add("tool_call_id");
    const tool = item.text("name") || undefined;
    const named = tool === undefined ? {} : { toolName: tool };
    draft.parts.push(run.result(item.requireId("tool_call_id"), item.get("content"), named));
  } else if (name === "function") {
    const tool = item.requireId("name");
    const id = run.idOfResult(tool, item);
    draft.parts.push(run.result(id, item.get("content"), { toolName: tool }));
  } else if (role === "assistant") takeAnswer(item, draft, run, known);
  else {
    draft.content(item, "content", (part) => takePart(part, draft));
    if (item.get("name") !== undefined) draft.lose(item.place("name"));
  }
  draft.describe(item, run.others(item, known));
  return draft;
}

function takeAnswer(item: Source, draft: Draft, run: Run, known: Set<string>): void {
  for (const field of ["tool_calls", "function_call", "refusal", "audio"]) known.add(field);
  draft.agent = item.text("name") || undefined;
  // Not OpenAI's own: the names that compatible servers use.
  const thought = item.get("reasoning_content") ?? item.get("reasoning");
  if (typeof thought === "string" && thought !== "") {
    const details = item.get("reasoning_details");
    draft.parts.push({
      type: "reasoning",
      text: thought,
      ...(details === undefined ? {} : { native: details }),
    });
    for (const field of reasoningFields) known.add(field);
  }
  draft.content(item, "content", (part) => takePart(part, draft));
  const refusal = item.text("refusal");
  if (refusal !== undefined) {
    draft.addText(refusal);
    draft.lose(item.place("refusal"), "A refusal is text of the assistant here.");
  }
  const audio = item.object("audio");
  if (audio !== undefined) {
    draft.addText(audio.text("transcript") ?? "");
    draft.lose(audio.path, "Of spoken answers, a message holds the transcript.");
  }
  for (const call of item.objects("tool_calls")) takeCall(call, draft, run);
  const legacy = item.object("function_call");
  if (legacy === undefined) return;
  const toolName = legacy.requireId("name");
  const { input, exact } = parseInput(legacy.text("arguments") ?? "");
  const isPlain = exact && legacy.others(functionFields) === undefined;
  const native = isPlain ? {} : { native: legacy.value };
  if (!exact) draft.noteRounding(legacy.place("arguments"));
  draft.parts.push({
    type: "tool-call",
    toolCallId: run.idOfCall(toolName, item),
    toolName,
    input,
    ...native,
  });
}

/** Also of LangChain, which stores such calls with OpenAI's models. */
export function takeCall(call: Source, draft: Draft, run: Run): void {
  const toolCallId = call.requireId("id");
  const custom = call.object("custom");
  const named = custom ?? call.requireObject("function");
  const toolName = named.requireId("name");
  const { input, exact } =
    custom === undefined
      ? parseInput(named.text("arguments") ?? "")
      : { input: custom.text("input") ?? "", exact: true };
  run.nameCall(toolCallId, toolName);
  const others = call.others(callFields) ?? named.others(functionFields);
  const isPlain = custom === undefined && exact && others === undefined;
  if (!exact) draft.noteRounding(named.place("arguments"));
  draft.parts.push({
    type: "tool-call",
    toolCallId,
    toolName,
    input,
    ...(isPlain ? {} : { native: call.value }),
  });
}

function takePart(part: Source, draft: Draft): void {
  switch (part.text("type")) {
    case "text":
      draft.addText(part.requireText("text"));
      draft.loseOthers(part, textFields);
      return;
    case "refusal":
      draft.addText(part.requireText("refusal"));
      draft.lose(part.path, "A refusal is text of the assistant here.");
      return;
    case "image_url":
      takeImage(part, draft);
      return;
    case "file": {
      const file = part.requireObject("file");
      const [data, fileId] = [file.text("file_data"), file.text("file_id")];
      if (data === undefined && fileId === undefined) break;
      draft.addMedia({ data, fileId: data === undefined ? fileId : undefined, name: file.text("filename") });
      draft.loseOthers(part, fileFields);
      draft.loseOthers(file, data === undefined ? fileDataFields : new Set(["file_data", "filename"]));
      return;
    }
    default:
  }
  draft.addForeign(part);
}

/** Also of LangChain, where the URL may stand without an object around it. */
export function takeImage(part: Source, draft: Draft): void {
  const image = part.get("image_url");
  if (isObject(image)) {
    const source = part.requireObject("image_url");
    draft.addMedia({ url: source.requireText("url"), isImage: true });
    const auto = source.get("detail") === "auto";
    draft.loseOthers(source, auto ? new Set([...urlFields, "detail"]) : urlFields);
  } else draft.addMedia({ url: part.requireText("image_url"), isImage: true });
  draft.loseOthers(part, imageFields);
}
