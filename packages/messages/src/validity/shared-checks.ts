import type { ContentPart, Message, Provider, Role, ToolCallPart } from "@relevo/core";
import { isBlank, partsOf, toolCallsOf, toolResultsOf } from "../groups/parts.ts";
import type { Finding } from "./rule.ts";

/** A conversation must not be empty. */
export function checkNotEmpty(messages: readonly Message[]): readonly Finding[] {
  const spoken = messages.some((message) => message.role !== "system");
  return spoken ? [] : [{ index: 0, what: "There is no message besides the system's." }];
}

/** No system message after the conversation has started. */
export function checkSystemFirst(messages: readonly Message[]): readonly Finding[] {
  const begin = messages.findIndex((message) => message.role !== "system");
  if (begin === -1) return [];
  return where(
    messages,
    (message, index) => index > begin && message.role === "system",
    "comes after the conversation began",
  );
}

/** The first message after the system messages is a user message. */
export function checkUserFirst(messages: readonly Message[]): readonly Finding[] {
  const index = messages.findIndex((message) => message.role !== "system");
  const first = messages[index];
  if (first === undefined || first.role === "user") return [];
  return [{ index, what: `The conversation starts with the ${first.role}.` }];
}

/** Every message has content: a part that is not blank, or the provider's native item. */
export function checkNoBlank(
  messages: readonly Message[],
  roles: readonly Role[],
  provider: Provider,
): readonly Finding[] {
  return where(
    messages,
    (message) =>
      roles.includes(message.role) && (isEmpty(message, provider) || partsOf(message).some(isBlank)),
    "has an empty text or no part",
  );
}

/** No part, and no native item of the provider instead. */
export function isEmpty(message: Message, provider: Provider): boolean {
  return partsOf(message).length === 0 && message.native?.format !== provider;
}

const allowedParts: Readonly<Record<Role, ReadonlySet<ContentPart["type"]>>> = {
  system: new Set(["text"]),
  user: new Set(["text", "image", "file", "native"]),
  assistant: new Set(["text", "image", "file", "reasoning", "tool-call", "tool-result", "native"]),
  tool: new Set(["tool-result"]),
};

/** Each role has only parts that it can carry, and native ones only of this provider. */
export function checkParts(messages: readonly Message[], provider: Provider): readonly Finding[] {
  return messages.flatMap((message, index) =>
    partsOf(message)
      .filter(
        (part) =>
          !allowedParts[message.role].has(part.type) || (part.type === "native" && part.format !== provider),
      )
      .map((part) => ({
        index,
        what:
          part.type === "native"
            ? `A ${message.role} message has an item of ${JSON.stringify(part.format)}.`
            : `A ${message.role} message has a ${part.type} part.`,
      })),
  );
}

/** The assistant has no image and no file: only user messages can carry those. */
export function checkAssistantMedia(messages: readonly Message[]): readonly Finding[] {
  return where(
    messages,
    (message) =>
      message.role === "assistant" &&
      partsOf(message).some(({ type }) => type === "image" || type === "file"),
    "has an image or a file",
  );
}

/**
 * The messages after an assistant's calls answer each of them once before anything else, and answer nothing else. Calls
 * that the provider runs are answered within the assistant's message.
 */
export function checkAnswers(messages: readonly Message[]): readonly Finding[] {
  const findings: Finding[] = [];
  let open = new Map<string, number>();
  const closeOpen = (): void => {
    for (const [id, index] of open)
      findings.push({ index, what: `The call ${id} has no result right after it.` });
    open = new Map();
  };
  messages.forEach((message, index) => {
    if (message.role === "tool") {
      for (const result of toolResultsOf(message)) {
        if (open.delete(result.toolCallId)) continue;
        findings.push({ index, what: `The result ${result.toolCallId} answers no open call.` });
      }
      return;
    }
    // Neighbouring assistant messages are one turn for the provider: the results may follow the last of them.
    if (message.role !== "assistant") closeOpen();
    for (const call of toolCallsOf(message)) {
      if (call.providerExecuted === true) continue;
      if (open.has(call.toolCallId))
        findings.push({ index, what: `The call id ${call.toolCallId} is used twice.` });
      open.set(call.toolCallId, index);
    }
  });
  closeOpen();
  return findings;
}

/** As `checkAnswers`, with no assistant message between calls and their results. */
export function checkAnswersAtOnce(messages: readonly Message[]): readonly Finding[] {
  const findings = [...checkAnswers(messages)];
  const open = new Set<string>();
  messages.forEach((message, index) => {
    if (message.role === "tool") for (const { toolCallId } of toolResultsOf(message)) open.delete(toolCallId);
    else if (message.role !== "assistant") open.clear();
    else {
      if (open.size > 0) {
        findings.push({
          index: index - 1,
          what: "An assistant message stands between calls and their results.",
        });
        open.clear();
      }
      for (const call of toolCallsOf(message)) if (call.providerExecuted !== true) open.add(call.toolCallId);
    }
  });
  return findings;
}

/** Calls run by the provider and their results come in pairs within the assistant's turns, the call first. */
export function checkProviderPairs(messages: readonly Message[]): readonly Finding[] {
  const findings: Finding[] = [];
  const open = new Map<string, number>();
  messages.forEach((message, index) => {
    if (message.role !== "assistant") return;
    for (const part of partsOf(message)) {
      if (part.type === "tool-call" && part.providerExecuted === true) open.set(part.toolCallId, index);
      if (part.type === "tool-result" && !open.delete(part.toolCallId)) {
        findings.push({ index, what: `The result ${part.toolCallId} answers no call of the provider.` });
      }
    }
  });
  for (const [id, index] of open) findings.push({ index, what: `The provider's call ${id} has no result.` });
  return findings;
}

/** Ids of the calls that the application runs, in the form that a provider accepts. */
export function checkCallIds(messages: readonly Message[], form: RegExp): readonly Finding[] {
  return clientCalls(messages, ({ toolCallId }) => !form.test(toolCallId)).map(({ index, call }) => ({
    index,
    what: `The call id ${JSON.stringify(call.toolCallId)} has another form.`,
  }));
}

/** Names of the tools that the application runs, in the form that a provider accepts. */
export function checkToolNames(messages: readonly Message[], form: RegExp): readonly Finding[] {
  return clientCalls(messages, ({ toolName }) => !form.test(toolName)).map(({ index, call }) => ({
    index,
    what: `The tool name ${JSON.stringify(call.toolName)} has another form.`,
  }));
}

/** The input of a call is an object, for providers that do not take it as text. */
export function checkCallInputs(messages: readonly Message[]): readonly Finding[] {
  return messages.flatMap((message, index) =>
    toolCallsOf(message)
      .filter(({ input }) => typeof input !== "object" || input === null || Array.isArray(input))
      .map((call) => ({ index, what: `The input of the call ${call.toolCallId} is no object.` })),
  );
}

function clientCalls(
  messages: readonly Message[],
  test: (call: ToolCallPart) => boolean,
): readonly { readonly index: number; readonly call: ToolCallPart }[] {
  return messages.flatMap((message, index) =>
    toolCallsOf(message)
      .filter((call) => call.providerExecuted !== true && test(call))
      .map((call) => ({ index, call })),
  );
}

/** No two calls have the same id. */
export function checkUniqueCallIds(messages: readonly Message[]): readonly Finding[] {
  const seen = new Set<string>();
  return messages.flatMap((message, index) =>
    toolCallsOf(message)
      .filter((call) => seen.size === seen.add(call.toolCallId).size)
      .map((call) => ({ index, what: `The call id ${call.toolCallId} stands for more than one call.` })),
  );
}

export function where(
  messages: readonly Message[],
  test: (message: Message, index: number) => boolean,
  problem: string,
): readonly Finding[] {
  return messages.flatMap((message, index) =>
    test(message, index) ? [{ index, what: `The ${message.role} message ${index} ${problem}.` }] : [],
  );
}
