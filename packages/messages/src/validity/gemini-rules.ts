import type { Message } from "@relevo/core";
import type { Rule } from "./rule.ts";
import {
  checkAnswersAtOnce,
  checkCallInputs,
  checkNoBlank,
  checkNotEmpty,
  checkParts,
  checkProviderPairs,
  checkSystemFirst,
  checkUserFirst,
} from "./shared-checks.ts";

const reference = "ai.google.dev/api/generate-content";

/** `generateContent`. System messages are its `systemInstruction`; neighbours of one role become one content. */
export const geminiRules: readonly Rule[] = [
  { id: "gemini/not-empty", says: "contents is not specified", source: reference, check: checkNotEmpty },
  {
    id: "gemini/parts",
    says: "each role carries only its own parts",
    source: reference,
    check: (messages: readonly Message[]) => checkParts(messages, "gemini"),
  },
  {
    id: "gemini/system-first",
    says: "the system instruction is a parameter of its own, not a turn",
    source: reference,
    check: checkSystemFirst,
  },
  {
    id: "gemini/user-first",
    says: "a multiturn request begins with a user role, and a function call turn comes immediately after a user turn or after a function response turn",
    source: "https://github.com/google-gemini/gemini-cli/issues/26486",
    check: checkUserFirst,
  },
  {
    id: "gemini/content",
    says: "contents.parts must not be empty",
    source: reference,
    check: (messages: readonly Message[]) =>
      checkNoBlank(messages, ["system", "user", "assistant"], "gemini"),
  },
  {
    id: "gemini/answers",
    says: "the number of function response parts is equal to the number of function call parts of the function call turn",
    source: "https://github.com/google-gemini/gemini-cli/issues/3814",
    check: checkAnswersAtOnce,
  },
  {
    id: "gemini/call-input",
    says: "functionCall.args is a Struct, an object",
    source: "ai.google.dev/api/caching#FunctionCall",
    check: checkCallInputs,
  },
  {
    id: "gemini/provider-pairs",
    says: "a call that the provider ran is sent with its result or not at all",
    source: reference,
    check: checkProviderPairs,
  },
];
