import type { JsonValue, Message } from "@relevo/core";
import { fittingId } from "../messages/fitting-ids.ts";

/**
 * A model or a tool may answer with half a surrogate pair, a NUL or a key `__proto__`, which no store takes: that must not end a
 * run.
 */
export function storableMessage(message: Message): Message {
  return repaired(message, JSON.stringify(message)) as Message;
}

/** The id that such a message has in the log; `undefined` for none. */
export function storableId(id: string | undefined): string | undefined {
  return id ? repairedText(fittingId(id)) : undefined;
}

/** Longer values are in the messages anyway. */
const mostLetters = 16 * 1024;

/** What a tool was given or has answered, as far as JSON has it, for the record of an execution; cut when it is long. */
export function storableValue(value: unknown): JsonValue {
  let text: string;
  try {
    text = JSON.stringify(value) ?? "null";
  } catch {
    return null;
  }
  if (text.length <= mostLetters) return repaired(JSON.parse(text), text) as JsonValue;
  const letters = typeof value === "string" ? value : text;
  return `${repairedText(letters.slice(0, mostLetters))}…`;
}

function repaired(value: unknown, text: string): unknown {
  if (!/\\u(?:0000|d[89a-f])|"__proto__"/u.test(text)) return value;
  return JSON.parse(text, (_, inner: unknown) => {
    if (typeof inner === "string") return repairedText(inner);
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, field]) => [repairedKey(key), field]));
  });
}

function repairedText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}

function repairedKey(key: string): string {
  return key === "__proto__" ? "proto" : repairedText(key);
}
