import type { ContentPart, JsonValue } from "@relevo/core";

/** A tool name that every provider accepts: it starts as Gemini requires and is as short as OpenAI requires. */
const toolName = /^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/;
const maxNameLength = 64;

/** A call that the application runs and answers. */
export function isClientCall(part: ContentPart): boolean {
  return part.type === "tool-call" && part.providerExecuted !== true;
}

/**
 * The part in a form that every provider accepts; itself when it has one already. Otherwise a single malformed tool
 * name or input by a model would make every later request fail.
 */
export function sendablePart<Part extends ContentPart>(part: Part): Part {
  if (part.type === "tool-call") {
    const name = isClientCall(part) ? sendableName(part.toolName) : part.toolName;
    const input = isObject(part.input) ? part.input : asObject(part.input);
    return name === part.toolName && input === part.input ? part : { ...part, toolName: name, input };
  }
  if (part.type === "tool-result" && part.toolName !== undefined && part.providerExecuted !== true) {
    const name = sendableName(part.toolName);
    return name === part.toolName ? part : { ...part, toolName: name };
  }
  return part;
}

function sendableName(name: string): string {
  if (toolName.test(name)) return name;
  const replaced = name.replaceAll(/[^a-zA-Z0-9_-]/g, "_");
  return (/^[a-zA-Z_]/.test(replaced) ? replaced : `_${replaced}`).slice(0, maxNameLength);
}

function isObject(value: JsonValue | undefined): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asObject(input: JsonValue | undefined): JsonValue {
  return input === undefined || input === null ? {} : { input };
}
