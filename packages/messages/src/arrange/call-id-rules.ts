import type { Provider } from "@relevo/core";
import { sendableCallId } from "../validity/sendable-call-id.ts";

/** Which call ids need no change. */
export interface CallIdRule {
  readonly form: RegExp;
  /** The scope in which an id must be unique. */
  readonly unique: "turn" | "conversation";
}

const rules: Readonly<Record<Provider, CallIdRule>> = {
  "openai-chat": { form: /^.{1,40}$/su, unique: "turn" },
  "openai-responses": { form: /^.{1,64}$/su, unique: "conversation" },
  anthropic: { form: /^[a-zA-Z0-9_-]+$/, unique: "conversation" },
  // It pairs calls and responses by name and order.
  gemini: { form: /^/, unique: "turn" },
};

/** The rule of the provider, or one that all of them accept. */
export function callIdRuleOf(provider: Provider | undefined): CallIdRule {
  return provider === undefined ? { form: sendableCallId, unique: "conversation" } : rules[provider];
}
