import type { ContentPart, Role } from "@relevo/core";
import type { Draft } from "./draft.ts";
import { parseInput } from "./parse-input.ts";
import type { Run } from "./run.ts";
import { isArray, isObject, type Source } from "./source.ts";

const roles: Readonly<Record<string, Role>> = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
};
const messageFields: ReadonlySet<string> = new Set(["type", "role", "content", "id", "status", "phase"]);
const resultFields: ReadonlySet<string> = new Set([
  ...["type", "id", "call_id", "output", "name", "namespace", "caller", "status"],
]);
/** What a response says about itself; the rest repeats the request. */
const described = ["id", "model", "status", "usage", "error", "incomplete_details", "metadata"];
const responseFields = new Set(["object", "output", "output_text", ...described]);

/** An item of the input or the output, or a response with its output. */
export function takeResponsesItem(item: Source, run: Run): void {
  if (item.get("object") !== "response") {
    takeItem(item, run);
    return;
  }
  run.open = undefined;
  const before = run.drafts.length;
  for (const output of item.objects("output")) takeItem(output, run);
  run.open = undefined;
  const last = run.drafts.length > before ? run.drafts.at(-1) : undefined;
  if (last === undefined) run.drop(item, "", "A response without output says nothing.");
  for (const name of described) {
    const value = item.get(name);
    if (value !== undefined) last?.describe(item, { [name]: value });
  }
  const settings = Object.keys(run.others(item, responseFields) ?? {});
  if (settings.length > 0)
    run.drop(item, "", `Settings of the request are no part of the conversation: ${settings.join(", ")}.`);
}

function takeItem(item: Source, run: Run): void {
  const type = item.text("type") ?? (item.get("role") === undefined ? undefined : "message");
  switch (type) {
    case "message":
      takeMessage(item, run);
      return;
    case "reasoning":
      think(item, run);
      return;
    case "function_call":
    case "custom_tool_call":
      takeCall(item, run, type);
      return;
    case "function_call_output":
    case "custom_tool_call_output":
      // An output of a program's own call has no call id.
      if (item.get("call_id") === undefined) break;
      takeResult(item, run);
      return;
    default:
  }
  answering(item, run).addForeign(item, "Only this API has such an item.");
}

function think(item: Source, run: Run): void {
  const text = reasoningText(item);
  answering(item, run).parts.push({ type: "reasoning", text, native: item.value });
}

/** The assistant's message that this item is a part of: items up to a text or to anything of the others. */
function answering(item: Source, run: Run): Draft {
  run.open ??= run.start("assistant", item);
  return run.open;
}

function takeMessage(item: Source, run: Run): void {
  const name = item.requireText("role");
  const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
  if (role === undefined) throw item.refuse("role", `must be one of ${Object.keys(roles).join(", ")}.`);
  const { open } = run;
  run.open = undefined;
  const draft = run.make(role, item, run.original(item, messageFields));
  draft.id = item.text("id");
  draft.content(item, "content", (part) => takePart(part, draft));
  if (item.get("phase") !== undefined) draft.lose(item.place("phase"));
  describeStatus(item, draft);
  draft.describe(item, run.others(item, messageFields));
  // Reasoning and the text that it led to are one message, unless the text needs an original of its own.
  const isThought = open?.parts.every(({ type }: ContentPart) => type === "reasoning") === true;
  if (role === "assistant" && open !== undefined && isThought && draft.native === undefined) {
    for (const part of draft.parts) open.parts.push(part);
    for (const note of draft.foreign) open.foreign.push(note);
    open.id = draft.id;
    open.describe(item, draft.metadata);
  } else run.drafts.push(draft);
}

/** Most items are complete, and nothing needs to say so. */
function describeStatus(item: Source, draft: Draft): void {
  const status = item.text("status");
  if (status !== undefined && status !== "completed") draft.describe(item, { status });
}

function takePart(part: Source, draft: Draft): void {
  switch (part.text("type")) {
    case "input_text":
    case "output_text":
    case "text":
      draft.addText(part.requireText("text"));
      draft.loseOthers(part, new Set(["type", "text"]));
      return;
    case "refusal":
      draft.addText(part.requireText("refusal"));
      draft.lose(part.path, "A refusal is text of the assistant here.");
      return;
    case "input_image": {
      const [url, fileId] = [part.text("image_url"), part.text("file_id")];
      if (url === undefined && fileId === undefined) break;
      draft.addMedia({ url, fileId, isImage: true });
      loseOfMedia(part, draft, ["image_url", "file_id"]);
      return;
    }
    case "input_file": {
      const [url, data, fileId] = [part.text("file_url"), part.text("file_data"), part.text("file_id")];
      if (url === undefined && data === undefined && fileId === undefined) break;
      draft.addMedia({ url, data, fileId, name: part.text("filename") });
      loseOfMedia(part, draft, ["file_url", "file_data", "file_id"], ["filename"]);
      return;
    }
    default:
  }
  draft.addForeign(part);
}

/** A part has one source: the first of `sources` that is there. */
function loseOfMedia(
  part: Source,
  draft: Draft,
  sources: readonly string[],
  known: readonly string[] = [],
): void {
  const used = sources.find((name) => part.get(name) !== undefined) ?? "";
  const auto = part.get("detail") === "auto" ? ["detail"] : [];
  draft.loseOthers(part, new Set(["type", used, ...known, ...auto]));
}

function takeCall(item: Source, run: Run, type: "function_call" | "custom_tool_call"): void {
  const toolCallId = item.requireId("call_id");
  const toolName = item.requireId("name");
  run.nameCall(toolCallId, toolName);
  const isFunction = type === "function_call";
  const written = item.text(isFunction ? "arguments" : "input") ?? "";
  const { input, exact } = isFunction ? parseInput(written) : { input: written, exact: true };
  const known = new Set(["call_id", "name", isFunction ? "type" : "input"]);
  if (isFunction && exact) known.add("arguments");
  if (item.get("status") === "completed") known.add("status");
  const native = item.others(known);
  const more = native === undefined ? {} : { native };
  const draft = answering(item, run);
  draft.parts.push({ type: "tool-call", toolCallId, toolName, input, ...more });
  if (!exact) draft.noteRounding(item.place("arguments"));
}

function takeResult(item: Source, run: Run): void {
  run.open = undefined;
  const draft = run.start("tool", item, run.original(item, resultFields));
  draft.id = item.text("id");
  const tool = item.text("name") || undefined;
  const named = tool === undefined ? {} : { toolName: tool };
  draft.parts.push(run.result(item.requireId("call_id"), item.get("output"), named));
  for (const name of ["namespace", "caller"]) if (item.get(name) !== undefined) draft.lose(item.place(name));
  describeStatus(item, draft);
  draft.describe(item, run.others(item, resultFields));
}

/** Also of LangChain, which stores the item of OpenAI's models. */
export function reasoningText(item: Source): string {
  const texts: string[] = [];
  for (const name of ["summary", "content"]) {
    const parts = item.get(name);
    if (!isArray(parts)) continue;
    for (const part of parts) if (isObject(part) && typeof part.text === "string") texts.push(part.text);
  }
  return texts.join("\n\n");
}
