import type { Role } from "@relevo/core";
import type { Draft } from "./draft.ts";
import type { Run } from "./run.ts";
import type { Source } from "./source.ts";

const roles: Readonly<Record<string, Role>> = { user: "user", assistant: "assistant", system: "system" };
const messageFields = new Set(["role", "content", "id", "type"]);
const contentFields: ReadonlySet<string> = new Set(["role", "content"]);
const textFields = new Set(["type", "text"]);
const thinkingFields = new Set(["type", "thinking"]);
const callFields = new Set(["type", "id", "name", "input"]);
const resultFields = new Set(["type", "tool_use_id", "content", "is_error"]);
const imageFields = new Set(["type", "source"]);
const documentFields = new Set(["type", "source", "title"]);

/** A message of the Messages API. Results, which are blocks of the user there, become messages of their own. */
export function takeAnthropicMessage(item: Source, run: Run): void {
  const name = item.requireText("role");
  const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
  if (role === undefined) throw item.refuse("role", `must be one of ${Object.keys(roles).join(", ")}.`);
  const first = run.drafts.length;
  if (typeof item.get("content") === "string")
    run.start(role, item, run.original(item, contentFields)).content(item, "content", () => {});
  else {
    const blocks = item.objects("content");
    for (const group of groupsOf(blocks)) {
      const isResult = group[0] !== undefined && isToolResult(group[0]);
      const original = { role: name, content: group.map(({ value }) => value) };
      const draft = run.start(isResult ? "tool" : role, item, original);
      for (const block of group) takeBlock(block, draft, run);
    }
  }
  const draft = run.drafts[first];
  if (draft === undefined) return;
  draft.id = item.text("id");
  draft.describe(item, run.others(item, messageFields));
}

/** Neighbouring blocks that are results, and those that are not; an empty message is one group. */
function groupsOf(blocks: readonly Source[]): Source[][] {
  const groups: Source[][] = [[]];
  let last = groups[0];
  for (const block of blocks) {
    const previous = last?.at(-1);
    if (last === undefined || (previous !== undefined && isToolResult(previous) !== isToolResult(block))) {
      last = [];
      groups.push(last);
    }
    last.push(block);
  }
  return groups;
}

function isToolResult(block: Source): boolean {
  return block.get("type") === "tool_result";
}

function takeBlock(block: Source, draft: Draft, run: Run): void {
  switch (block.text("type")) {
    case "text":
      draft.addText(block.requireText("text"));
      draft.loseOthers(block, textFields);
      return;
    case "thinking": {
      const native = block.others(thinkingFields);
      const text = block.requireText("thinking");
      draft.parts.push({ type: "reasoning", text, ...(native === undefined ? {} : { native }) });
      return;
    }
    case "tool_use": {
      const [toolCallId, toolName] = [block.requireId("id"), block.requireId("name")];
      const native = block.others(callFields);
      const input = block.get("input") ?? {};
      run.nameCall(toolCallId, toolName);
      const more = native === undefined ? {} : { native };
      draft.parts.push({ type: "tool-call", toolCallId, toolName, input, ...more });
      return;
    }
    case "tool_result": {
      const isError = block.get("is_error") === true ? { isError: true } : {};
      draft.parts.push(run.result(block.requireId("tool_use_id"), block.get("content"), isError));
      draft.loseOthers(block, resultFields);
      return;
    }
    case "image":
      if (!takeMedia(block, draft, true)) break;
      draft.loseOthers(block, imageFields);
      return;
    case "document":
      if (!takeMedia(block, draft, false)) break;
      draft.loseOthers(block, documentFields);
      return;
    default:
  }
  draft.addForeign(block);
}

/** False for sources that are no bytes: text, and blocks in a block. */
function takeMedia(block: Source, draft: Draft, isImage: boolean): boolean {
  const source = block.requireObject("source");
  const [url, data, fileId] = [source.text("url"), source.text("data"), source.text("file_id")];
  const type = source.get("type");
  const name = block.text("title");
  if (type === "base64" && data !== undefined)
    draft.addMedia({ data, mediaType: source.text("media_type"), name, isImage });
  else if (type === "url" && url !== undefined) draft.addMedia({ url, name, isImage });
  else if (type === "file" && fileId !== undefined) draft.addMedia({ fileId, name, isImage });
  else return false;
  const used = type === "base64" ? ["data", "media_type"] : [type === "url" ? "url" : "file_id"];
  draft.loseOthers(source, new Set(["type", ...used]));
  return true;
}
