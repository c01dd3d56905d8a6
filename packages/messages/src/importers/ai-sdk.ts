import type { JsonValue, Role } from "@relevo/core";
import type { Draft } from "./draft.ts";
import type { Run } from "./run.ts";
import { isObject, Source } from "./source.ts";

const roles: Readonly<Record<string, Role>> = { system: "system", user: "user", assistant: "assistant" };
const messageFields = new Set(["id", "role", "metadata", "parts"]);
const stepFields = new Set(["type"]);
const textFields = new Set(["type", "text", "state"]);
const reasoningFields = new Set(["type", "id", "text", "reasoning", "state"]);
const fileFields = new Set(["type", "mediaType", "filename", "url"]);
const callFields = ["type", "toolName", "toolCallId", "state", "input", "output", "errorText", "rawInput"];
const toolFields = new Set([
  ...callFields,
  "providerExecuted",
  "callProviderMetadata",
  "approval",
  "preliminary",
]);
const approvalFields = new Set(["id", "approved", "reason"]);

/** A `UIMessage`. Each step of an answer becomes a message with its calls, and one with their results. */
export function takeAiSdkMessage(item: Source, run: Run): void {
  const name = item.requireText("role");
  const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
  if (role === undefined) throw item.refuse("role", `must be one of ${Object.keys(roles).join(", ")}.`);
  const known = new Set(messageFields);
  const parts = item.objects("parts");
  const from = run.drafts.length;
  if (parts.length === 0) takeVersion4(item, role, run, known);
  else {
    for (const field of repeatedIn(parts, item)) known.add(field);
    for (const step of stepsOf(parts, run)) takeStep(step, item, role, run);
  }
  const first = run.drafts[from] ?? run.start(role, item);
  takeAttachments(item, first, known);
  first.id = item.text("id");
  const metadata = item.get("metadata");
  if (metadata !== undefined) first.describe(item, isObject(metadata) ? metadata : { metadata });
  first.describe(item, run.others(item, known));
}

/** The fields of version 4 that say again what the parts say. */
function repeatedIn(parts: readonly Source[], item: Source): string[] {
  const types = parts.map((part) => part.requireText("type"));
  const text = parts.map((part, at) => (types[at] === "text" ? part.requireText("text") : "")).join("");
  return [
    ...(item.get("content") === text ? ["content"] : []),
    ...(types.some((type) => type.startsWith("tool-")) ? ["toolInvocations"] : []),
    ...(types.includes("reasoning") ? ["reasoning"] : []),
  ];
}

/** Parts up to each `step-start`; what a user said meanwhile is a step of its own. */
function stepsOf(parts: readonly Source[], run: Run): Source[][] {
  const steps: Source[][] = [];
  let step: Source[] = [];
  for (const part of parts) {
    const type = part.text("type");
    if (type === "step-start" || type === "steering-message") {
      if (step.length > 0) steps.push(step);
      step = [];
    }
    if (type === "steering-message") steps.push([part]);
    else if (type !== "step-start") step.push(part);
    else
      for (const name in part.others(stepFields)) run.drop(part, name, "The start of a step is no message.");
  }
  if (step.length > 0) steps.push(step);
  return steps;
}

function takeStep(step: readonly Source[], item: Source, role: Role, run: Run): void {
  const [only] = step;
  if (only?.get("type") === "steering-message") {
    const said = run.start("user", item, { role: "user", parts: [only.value] });
    said.id = only.text("id");
    for (const part of only.objects("parts")) takePart(part, said, run);
    said.loseOthers(only, new Set(["type", "id", "parts"]));
    return;
  }
  const draft = run.start(role, item, { ...item.value, parts: step.map(({ value }): JsonValue => value) });
  const answers = run.make("tool", item);
  for (const part of step) takePart(part, draft, run, answers);
  if (answers.parts.length > 0) run.drafts.push(answers);
}

/** Files of version 4, which are not among the parts. */
function takeAttachments(item: Source, draft: Draft, known: Set<string>): void {
  if (draft.role === "system") return;
  known.add("experimental_attachments");
  for (const file of item.objects("experimental_attachments")) {
    const [mediaType, name] = [file.text("contentType"), file.text("name")];
    draft.addMedia({ url: file.requireText("url"), mediaType, name });
    draft.loseOthers(file, new Set(["url", "contentType", "name"]));
  }
}

/** A message without parts: a text, with calls and files beside it. */
function takeVersion4(item: Source, role: Role, run: Run, known: Set<string>): void {
  const draft = run.start(role, item);
  const answers = run.make("tool", item);
  const thought = item.get("reasoning");
  if (typeof thought === "string") {
    draft.parts.push({ type: "reasoning", text: thought });
    known.add("reasoning");
  }
  draft.content(item, "content", (part) => takePart(part, draft, run, answers));
  for (const call of item.objects("toolInvocations")) takeInvocation(call, draft, run, answers);
  known.add("content").add("toolInvocations");
  if (answers.parts.length > 0) run.drafts.push(answers);
}

function takePart(part: Source, draft: Draft, run: Run, answers?: Draft): void {
  const type = part.requireText("type");
  switch (type) {
    case "text":
      draft.addText(part.requireText("text"));
      draft.loseOthers(part, textFields);
      return;
    case "reasoning": {
      if (draft.role !== "assistant") break;
      const native = part.get("providerMetadata") ?? part.get("details");
      const text = part.text("text") ?? part.requireText("reasoning");
      draft.parts.push({ type: "reasoning", text, ...(native === undefined ? {} : { native }) });
      draft.loseOthers(part, new Set([...reasoningFields, "providerMetadata", "details"]));
      return;
    }
    case "file":
      if (draft.role === "system" || part.get("providerReference") !== undefined) break;
      takeFile(part, draft);
      return;
    case "tool-invocation":
      if (draft.role !== "assistant" || answers === undefined) break;
      takeInvocation(part.requireObject("toolInvocation"), draft, run, answers);
      draft.loseOthers(part, new Set(["type", "toolInvocation"]));
      return;
    default:
      if (draft.role !== "assistant" || answers === undefined) break;
      if (type !== "dynamic-tool" && !type.startsWith("tool-")) break;
      takeTool(
        part,
        type === "dynamic-tool" ? part.requireId("toolName") : type.slice(5),
        draft,
        run,
        answers,
      );
      return;
  }
  draft.addForeign(part);
}

function takeFile(part: Source, draft: Draft): void {
  // Version 4 has the bytes in `data` and the type in `mimeType`.
  const url = part.text("url");
  const mediaType = part.text("mediaType") ?? part.text("mimeType");
  const name = part.text("filename");
  if (url === undefined) draft.addMedia({ data: part.requireText("data"), mediaType, name });
  else draft.addMedia({ url, mediaType, name });
  draft.loseOthers(part, url === undefined ? new Set([...fileFields, "data", "mimeType"]) : fileFields);
}

/** A call of version 4: the same with other names. */
function takeInvocation(call: Source, draft: Draft, run: Run, answers: Draft): void {
  const { args, result, step: _step, ...rest } = call.value;
  const states: Readonly<Record<string, string>> = {
    "partial-call": "input-streaming",
    call: "input-available",
    result: "output-available",
  };
  const given = call.requireText("state");
  const state = Object.hasOwn(states, given) ? (states[given] ?? given) : given;
  const outcome = state === "output-available" ? { output: result ?? null } : {};
  const renamed = { ...rest, type: "dynamic-tool", state, input: args ?? {}, ...outcome };
  takeTool(new Source(renamed, call.index, call.path), call.requireId("toolName"), draft, run, answers);
}

function takeTool(part: Source, toolName: string, draft: Draft, run: Run, answers: Draft): void {
  const state = part.requireText("state");
  if (state === "input-streaming") {
    draft.addForeign(part, "The call was not complete when the message was stored.");
    return;
  }
  const toolCallId = part.requireId("toolCallId");
  if (toolName === "") throw part.refuse("type", "must name the tool.");
  const providerExecuted = part.get("providerExecuted") === true ? { providerExecuted: true } : {};
  const input = part.get("input") ?? part.get("rawInput") ?? {};
  const native = part.get("callProviderMetadata");
  const more = { ...providerExecuted, ...(native === undefined ? {} : { native }) };
  run.nameCall(toolCallId, toolName);
  draft.parts.push({ type: "tool-call", toolCallId, toolName, input, ...more });
  draft.loseOthers(part, toolFields);
  if (part.get("preliminary") === true)
    draft.lose(part.place("preliminary"), "The result was not the last one.");
  takeApproval(part, toolCallId, draft, answers);
  const isError = state === "output-error";
  if (!isError && state !== "output-available") return;
  const output = isError ? part.get("errorText") : part.get("output");
  const result = run.result(toolCallId, output, { ...(isError ? { isError } : {}), ...providerExecuted });
  (part.get("providerExecuted") === true ? draft : answers).parts.push(result);
}

function takeApproval(part: Source, toolCallId: string, draft: Draft, answers: Draft): void {
  const approval = part.object("approval");
  if (approval === undefined) return;
  const approvalId = approval.requireId("id");
  draft.parts.push({ type: "tool-approval-request", approvalId, toolCallId });
  draft.loseOthers(approval, approvalFields);
  const approved = approval.get("approved");
  if (approved === undefined) return;
  if (typeof approved !== "boolean") throw approval.refuse("approved", "must be a boolean.");
  const reason = approval.text("reason");
  const said = reason === undefined ? {} : { reason };
  answers.parts.push({ type: "tool-approval-response", approvalId, approved, ...said });
}
