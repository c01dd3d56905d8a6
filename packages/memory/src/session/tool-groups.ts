import { type CallOptions, type Message, readPages } from "@relevo/core";
import { refuse } from "@relevo/core/input";
import { signalOf } from "../signal.ts";
import { hasMessage } from "./read-events.ts";
import type { SessionHandle } from "./session-handle.ts";

/**
 * Reads back from `at` to the end of a group: a call with all its results, or any other message. A call that a later
 * message of the user or the assistant follows is over, answered or not.
 *
 * @throws `invalid-input` when the results of a call before `at` are not all before it, or when a model's reasoning would
 *   stand there without what it led to; `details.before` is the last `seq` that is at a group's end, 0 for none.
 */
export async function requireGroupEnd(
  handle: SessionHandle,
  at: number,
  options: CallOptions,
): Promise<void> {
  const answered = new Set<string>();
  const pages = readPages((page) => handle.read(page), {
    types: ["message"],
    direction: "backward",
    before: at + 1,
    ...signalOf(options),
  });
  for await (const { events } of pages)
    for (const event of events) {
      if (!hasMessage(event)) continue;
      const message = event.body;
      if (message.role === "tool") {
        for (const id of resultsOf(message)) answered.add(id);
        continue;
      }
      const open = callsOf(message).filter((id) => !answered.has(id));
      if (open.length > 0)
        throw refuse(
          "at",
          `is inside a tool call: ${open.length} of the calls at seq ${event.seq} have no result up to ${at}. ` +
            `Fork before seq ${event.seq}, or after the last result.`,
          { before: event.seq - 1, calls: open.slice(0, 100) },
        );
      if (isReasoningAlone(message))
        throw refuse("at", `is between a model's reasoning at seq ${event.seq} and what it led to.`, {
          before: event.seq - 1,
        });
      return;
    }
}

export function resultsOf({ content }: Message): readonly string[] {
  if (typeof content === "string") return [];
  return content.flatMap((part) => (part.type === "tool-result" ? [part.toolCallId] : []));
}

/** The calls of a message that other messages have to answer. */
export function callsOf(message: Message): readonly string[] {
  const { role, content } = message;
  if (role !== "assistant" || typeof content === "string") return [];
  const answered = new Set(resultsOf(message));
  return content.flatMap((part) =>
    part.type === "tool-call" && part.providerExecuted !== true && !answered.has(part.toolCallId)
      ? [part.toolCallId]
      : [],
  );
}

/** A model's reasoning without what it led to. */
export function isReasoningAlone({ role, content }: Message): boolean {
  return (
    role === "assistant" &&
    typeof content !== "string" &&
    content.length > 0 &&
    content.every(({ type }) => type === "reasoning")
  );
}
