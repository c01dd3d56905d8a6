import type { Message } from "@relevo/core";
import { refuse } from "@relevo/core/input";
import type { MemoryContext } from "./context.ts";
import {
  blockOf,
  entryElement,
  feedbackElement,
  messageElement,
  strategyElement,
  totalsElement,
} from "./context-parts.ts";

/** A context as a prompt. The same context gives the same text, byte for byte. */
export interface RenderedContext {
  /**
   * Durable memory: the same until somebody writes to it, so that a provider caches a prompt that starts with it. Empty when
   * there is none.
   */
  readonly stable: string;
  /** Performance, working memory, notes, and last what was recalled: what changes from turn to turn. */
  readonly changing: string;
  /** `stable`, the conversation, `changing`. */
  readonly text: string;
  /**
   * The same for an API of messages: the system messages that the conversation starts with, `stable` as another one, the
   * conversation as it is, and `changing` as a message of the user before the newest one, so that all before it stays cached.
   */
  readonly messages: readonly Message[];
}

/**
 * A context as text and as messages for a model. Each part is a labelled block; those of memory say that they are data.
 * Everything in a block is escaped, so that no content can close it or open another. Messages of `messages` are not escaped: there
 * the API keeps them apart.
 *
 * @throws `invalid-input` for what is no context.
 * @example
 * ```ts
 * const context = await tenant.context({ session, agent: "planner", task, maxTokens: 4000 });
 * const { text } = renderContext(context);
 * ```
 */
export function renderContext(context: MemoryContext): RenderedContext {
  if (typeof context?.volatile !== "object" || typeof context.durable !== "object")
    throw refuse("context", "must be what tenant.context() resolves to. Is an await missing?");
  const { volatile, durable, performance, recalled } = context;
  const stable =
    blockOf("durable.agent", durable.agent.map(entryElement)) +
    blockOf("durable.user", durable.user.map(entryElement));
  const conversation = blockOf("volatile.messages", volatile.messages.map(messageElement));
  const outcomes = performance && [
    totalsElement(performance),
    ...performance.strategies.map(strategyElement),
    ...performance.feedback.map(feedbackElement),
  ];
  const changing =
    blockOf("performance", outcomes ?? []) +
    blockOf("volatile.working", volatile.working.map(entryElement)) +
    blockOf("volatile.agent", volatile.agent.map(entryElement)) +
    (recalled?.text ?? "");
  const { messages: shown } = volatile;
  const spoken = shown.findIndex(({ role }) => role !== "system");
  const rules = spoken === -1 ? shown.length : spoken;
  const newest = shown.findLastIndex(({ role }) => role === "user");
  const before = newest === -1 ? shown.length : newest;
  return {
    stable,
    changing,
    text: stable + conversation + changing,
    messages: [
      ...shown.slice(0, rules),
      ...textMessage("system", stable),
      ...shown.slice(rules, before),
      ...textMessage("user", changing),
      ...shown.slice(before),
    ],
  };
}

function textMessage(role: "system" | "user", content: string): readonly Message[] {
  return content === "" ? [] : [{ role, content }];
}
