import type { Message, Provider, ViewForm } from "@relevo/core";
import { admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import { anthropicRules } from "./anthropic-rules.ts";
import { geminiRules } from "./gemini-rules.ts";
import { openaiChatRules } from "./openai-chat-rules.ts";
import { openaiResponsesRules } from "./openai-responses-rules.ts";
import type { Problem, Rule } from "./rule.ts";

const rulesOf = {
  "openai-chat": openaiChatRules,
  "openai-responses": openaiResponsesRules,
  anthropic: anthropicRules,
  gemini: geminiRules,
} as const satisfies Record<Provider, readonly Rule[]>;

export const providers: readonly Provider[] = Object.freeze(Object.keys(rulesOf) as Provider[]);

const validityFields: FieldTable = fieldTable<ViewForm>({ for: "refines", prefill: "refines" });

/**
 * What the provider would refuse in these messages, each with the rule and its source; empty when they are valid. It
 * checks the form of the conversation as adapters send it: neighbours of one role become one turn. It does not check
 * what depends on the model, such as the context length or the media that it reads, except for the rules about a last
 * assistant message, on request by `prefill`.
 */
export function validateForProvider(
  messages: readonly Message[],
  provider: Provider,
  options?: ViewForm,
): readonly Problem[] {
  const { prefill } = admitOptions(options, validityFields);
  const rules: readonly Rule[] = rulesOf[provider];
  return rules
    .filter((rule) => rule.prefill === undefined || rule.prefill === prefill)
    .flatMap((rule) =>
      rule.check(messages).map(({ index, what }) => ({
        index,
        rule: rule.id,
        source: rule.source,
        message: `${what} (${rule.id}: ${rule.says}; ${rule.source})`,
      })),
    );
}
