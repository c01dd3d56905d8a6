import type { Provider } from "@relevo/core";
import { sendableCallId } from "../validity/sendable-call-id.ts";

/** Which call ids can stay as they are. */
export interface CallIdRule {
  readonly form: RegExp;
  /** Within what an id may stand for one call only. */
  readonly unique: "turn" | "conversation";
}

const rules: Readonly<Record<Provider, CallIdRule>> = {
  "openai-chat": { form: /^.{1,40}$/su, unique: "turn" },
  "openai-responses": { form: /^.{1,64}$/su, unique: "conversation" },
  anthropic: { form: /^[a-zA-Z0-9_-]+$/, unique: "conversation" },
  // It pairs calls and responses by name and order.
  gemini: { form: /^/, unique: "turn" },
};

/** The provider's rule, or one that all of them take. */
export function callIdRuleOf(provider: Provider | undefined): CallIdRule {
  return provider === undefined ? { form: sendableCallId, unique: "conversation" } : rules[provider];
}
