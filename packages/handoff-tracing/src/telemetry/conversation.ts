import { type Context, context, createContextKey } from "@opentelemetry/api";
import { refuse } from "@relevo/core/input";

const key = createContextKey("relevo.conversation.id");

/** The conversation that this context belongs to, if one was ever named. */
export function conversationOf(active: Context): string | undefined {
  const id = active.getValue(key);
  return typeof id === "string" ? id : undefined;
}

export function withConversationId(active: Context, id: string): Context {
  return active.getValue(key) === id ? active : active.setValue(key, id);
}

/**
 * Runs the function as part of a conversation: every span of this package that starts inside gets its
 * `gen_ai.conversation.id`, also those of documents that belong to no session. Needs a context manager, which an SDK
 * registers; without one the function simply runs.
 *
 * @throws `invalid-input` for what is no id; what the function throws.
 */
export function withConversation<Result>(id: string, work: () => Result): Result {
  if (typeof id !== "string") throw refuse("id", "must be the id of a session.");
  return context.with(withConversationId(context.active(), id), work);
}
