import type { JsonValue, Role } from "@relevo/core";
import type { Draft } from "./draft.ts";
import type { Run } from "./run.ts";
import { isObject, type Source } from "./source.ts";

const roles: Readonly<Record<string, Role>> = {
  user: "user",
  model: "assistant",
  function: "user",
  system: "system",
};
const contentFields = new Set(["role", "parts", "id"]);
const textFields = new Set(["text", "thought"]);

/** A content, or a response with the content in it. Function responses become messages of their own. */
export function takeGeminiContent(item: Source, run: Run): void {
  const candidates = item.objects("candidates");
  const [candidate, ...alternatives] = candidates;
  if (candidate === undefined) {
    if (item.get("candidates") === undefined) takeContent(item, run);
    else run.drop(item, "candidates", "A response without candidates says nothing.");
    return;
  }
  for (const { path } of alternatives)
    run.drop(item, path, "Only the first candidate of a response is part of the conversation.");
  const content = candidate.object("content");
  if (content === undefined) {
    run.drop(candidate, "", "A candidate without content says nothing.");
    return;
  }
  const [draft] = takeContent(content, run);
  if (draft === undefined) return;
  draft.id = item.text("responseId");
  draft.describe(item, run.others(item, new Set(["candidates", "responseId"])));
  draft.describe(candidate, candidate.others(new Set(["content", "index"])));
}

function takeContent(item: Source, run: Run): Draft[] {
  const name = item.text("role") ?? "user";
  const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
  if (role === undefined) throw item.refuse("role", `must be one of ${Object.keys(roles).join(", ")}.`);
  const parts = item.objects("parts");
  const drafts: Draft[] = [];
  let at = 0;
  do {
    const isResponse = parts[at]?.get("functionResponse") !== undefined;
    const from = at;
    for (; at < parts.length; at++)
      if ((parts[at]?.get("functionResponse") !== undefined) !== isResponse) break;
    const group = parts.slice(from, at);
    const original = { role: name, parts: group.map(({ value }): JsonValue => value) };
    const draft = run.start(isResponse ? "tool" : role, item, original);
    for (const [place, part] of group.entries()) takePart(part, from + place, draft, run);
    drafts.push(draft);
  } while (at < parts.length);
  const [first] = drafts;
  if (first !== undefined) {
    first.id = item.text("id");
    first.describe(item, run.others(item, contentFields));
  }
  return drafts;
}

function takePart(part: Source, place: number, draft: Draft, run: Run): void {
  const text = part.text("text");
  const call = part.object("functionCall");
  const response = part.object("functionResponse");
  if (call !== undefined) takeCall(part, call, place, draft, run);
  else if (response !== undefined) takeResponse(part, response, place, draft, run);
  else if (text !== undefined && part.get("thought") === true) {
    const native = part.others(textFields);
    draft.parts.push({ type: "reasoning", text, ...(native === undefined ? {} : { native }) });
  } else if (text !== undefined) {
    draft.addText(text);
    draft.loseOthers(part, textFields);
  } else if (!takeMedia(part, draft)) draft.addForeign(part);
}

function takeMedia(part: Source, draft: Draft): boolean {
  const inline = part.object("inlineData");
  const file = part.object("fileData");
  if (inline !== undefined) {
    const mediaType = inline.text("mimeType");
    draft.addMedia({ data: inline.requireText("data"), mediaType, name: inline.text("displayName") });
    draft.loseOthers(inline, new Set(["mimeType", "data", "displayName"]));
  } else if (file !== undefined) {
    const mediaType = file.text("mimeType");
    draft.addMedia({ url: file.requireText("fileUri"), mediaType, name: file.text("displayName") });
    draft.loseOthers(file, new Set(["mimeType", "fileUri", "displayName"]));
  } else return false;
  draft.loseOthers(part, new Set(["inlineData", "fileData"]));
  return true;
}

function takeCall(part: Source, call: Source, place: number, draft: Draft, run: Run): void {
  const toolName = call.requireId("name");
  const toolCallId = call.text("id") || run.idOfCall(toolName, part, place);
  run.nameCall(toolCallId, toolName);
  const native = {
    ...part.others(new Set(["functionCall"])),
    ...call.others(new Set(["id", "name", "args"])),
  };
  const input = call.get("args") ?? {};
  const more = Object.keys(native).length === 0 ? {} : { native };
  draft.parts.push({ type: "tool-call", toolCallId, toolName, input, ...more });
}

function takeResponse(part: Source, response: Source, place: number, draft: Draft, run: Run): void {
  const toolName = response.requireId("name");
  const toolCallId = response.text("id") || run.idOfResult(toolName, part, place);
  const output = response.get("response") ?? null;
  // By convention, a response with an error and nothing else says that the function failed.
  const isError = isObject(output) && Object.keys(output).join() === "error" ? { isError: true } : {};
  draft.parts.push({ type: "tool-result", toolCallId, toolName, output, ...isError });
  draft.loseOthers(response, new Set(["id", "name", "response"]));
  draft.loseOthers(part, new Set(["functionResponse"]));
}
