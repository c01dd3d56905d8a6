import { type ContentPart, MemoryError, type Message, type Role } from "@relevo/core";
import { isBlank } from "../groups/parts.ts";
import { sendableCallId } from "../validity/sendable-call-id.ts";
import { providers, validateForProvider } from "../validity/validate-for-provider.ts";

/**
 * Makes sure that every provider takes these messages. One pass that refuses whatever any of the rules refuses; only
 * when it finds something are the rules themselves asked, and then they have the last word.
 *
 * @throws `corrupt` with the rules that are broken, which is an error of this package and not of its caller.
 */
export function assertValid(messages: readonly Message[]): void {
  if (looksValid(messages)) return;
  // Nothing but system messages is what an empty session has. It becomes valid with what the user says.
  if (messages.every(({ role }) => role === "system")) return;
  const problems = providers.flatMap((provider) => validateForProvider(messages, provider));
  if (problems.length === 0) return;
  throw new MemoryError("corrupt", `The view would be refused. ${problems[0]?.message}`, {
    details: { rules: [...new Set(problems.map(({ rule }) => rule))] },
  });
}

const allowed: Readonly<Record<Role, ReadonlySet<ContentPart["type"]>>> = {
  system: new Set(["text"]),
  user: new Set(["text", "image", "file"]),
  assistant: new Set(["text", "image", "file", "reasoning", "tool-call", "tool-result"]),
  tool: new Set(["tool-result"]),
};

/** The strictest form of the providers'. */
const toolName = /^[a-zA-Z0-9_-]{1,64}$/;

/** True only for messages in which no rule of any provider finds anything. */
export function looksValid(messages: readonly Message[]): boolean {
  const pass = new Pass();
  return messages.every((message) => pass.take(message)) && pass.ends();
}

class Pass {
  readonly #ids = new Set<string>();
  readonly #open = new Set<string>();
  readonly #openOfProvider = new Set<string>();
  #begun = false;
  /** The message before ended with reasoning, which something has to follow. */
  #reasoned = false;

  take(message: Message): boolean {
    const { role, content } = message;
    if (role === "system") {
      if (this.#begun) return false;
    } else if (!this.#begun) {
      if (role !== "user") return false;
      this.#begun = true;
    }
    if (role !== "tool" && this.#open.size > 0) return false;
    if (this.#reasoned && role !== "assistant") return false;
    this.#reasoned = false;
    if (typeof content === "string") return role !== "tool" && content.trim() !== "";
    if (content.length === 0) return false;
    return content.every((part) => this.#takePart(part, role)) && this.#endsWell(content, role);
  }

  ends(): boolean {
    return this.#begun && this.#open.size === 0 && this.#openOfProvider.size === 0 && !this.#reasoned;
  }

  #takePart(part: ContentPart, role: Role): boolean {
    if (!allowed[role].has(part.type) || isBlank(part)) return false;
    if (part.type === "tool-call") {
      const { toolCallId: id, providerExecuted, input } = part;
      if (this.#ids.has(id)) return false;
      this.#ids.add(id);
      (providerExecuted === true ? this.#openOfProvider : this.#open).add(id);
      if (typeof input !== "object" || input === null || Array.isArray(input)) return false;
      return providerExecuted === true || (sendableCallId.test(id) && toolName.test(part.toolName));
    }
    if (part.type === "tool-result") {
      return (role === "tool" ? this.#open : this.#openOfProvider).delete(part.toolCallId);
    }
    // Nothing stands behind a call that we run.
    return this.#open.size === 0;
  }

  #endsWell(content: readonly ContentPart[], role: Role): boolean {
    if (role !== "assistant") return true;
    this.#reasoned = content.at(-1)?.type === "reasoning";
    return !content.every((part) => part.type === "reasoning");
  }
}
