import { type ContentPart, MemoryError, type Message, type Role, type ViewForm } from "@relevo/core";
import { isBlank, isBlankText } from "../groups/parts.ts";
import { takesPart } from "../groups/takes-part.ts";
import { ReasoningPairs } from "../validity/reasoning-pairs.ts";
import { sendableCallId } from "../validity/sendable-call-id.ts";
import { providers, validateForProvider } from "../validity/validate-for-provider.ts";

/**
 * Makes sure that the provider (without `for`, every provider) accepts these messages. For every provider, a fast and
 * stricter pass comes first; only when it finds something do the rules decide.
 *
 * @throws `corrupt` with the broken rules. This is an error of this package, not of its caller.
 */
export function assertValid(messages: readonly Message[], form: ViewForm = {}): void {
  if (form.for === undefined && form.prefill === undefined && looksValid(messages)) return;
  // An empty session may have only system messages. It becomes valid with the first user message.
  if (messages.every(({ role }) => role === "system")) return;
  const problems = (form.for === undefined ? providers : [form.for]).flatMap((provider) =>
    validateForProvider(messages, provider, form),
  );
  if (problems.length === 0) return;
  throw new MemoryError("corrupt", `The view would be refused. ${problems[0]?.message}`, {
    details: { rules: [...new Set(problems.map(({ rule }) => rule))] },
  });
}

/** The strictest form that any provider requires. */
const toolName = /^[a-zA-Z0-9_-]{1,64}$/;

/** True only for messages that pass every rule of every provider. */
export function looksValid(messages: readonly Message[]): boolean {
  const pass = new Pass();
  return messages.every((message) => pass.take(message)) && pass.ends();
}

class Pass {
  readonly #ids = new Set<string>();
  readonly #open = new Set<string>();
  readonly #openOfProvider = new Set<string>();
  readonly #pairs = new ReasoningPairs();
  #begun = false;
  /** The previous message ended with reasoning, which must be followed by something. */
  #reasoned = false;

  take(message: Message): boolean {
    const { role, content } = message;
    if (!this.#pairs.take(message)) return false;
    if (role === "system") {
      if (this.#begun) return false;
    } else if (!this.#begun) {
      if (role !== "user") return false;
      this.#begun = true;
    }
    if (role !== "tool" && this.#open.size > 0) return false;
    if (this.#reasoned && role !== "assistant") return false;
    this.#reasoned = false;
    if (typeof content === "string") return role !== "tool" && !isBlankText(content);
    if (content.length === 0) return false;
    return content.every((part) => this.#takePart(part, role)) && this.#endsWell(content, role);
  }

  ends(): boolean {
    return this.#begun && this.#open.size === 0 && this.#openOfProvider.size === 0 && !this.#reasoned;
  }

  #takePart(part: ContentPart, role: Role): boolean {
    if (!takesPart(part, role, undefined) || isBlank(part)) return false;
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
    // Nothing follows a call that the application runs.
    return this.#open.size === 0;
  }

  #endsWell(content: readonly ContentPart[], role: Role): boolean {
    if (role !== "assistant") return true;
    this.#reasoned = content.at(-1)?.type === "reasoning";
    return !content.every((part) => part.type === "reasoning");
  }
}
