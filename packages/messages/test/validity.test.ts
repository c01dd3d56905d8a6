import type { Message, Provider, ViewForm } from "@relevo/core";
import {
  assistant,
  by,
  call,
  native,
  providerCall,
  providerResult,
  reasoning,
  result,
  signed,
  system,
  tool,
  user,
} from "@relevo/random-conversations";
import { describe, expect, it } from "vitest";
import { providers, validateForProvider } from "../src/index.ts";

const image = { type: "image", url: "https://example.com/a.png" } as const;

/** Everything that a conversation may have. */
const conversation: readonly Message[] = [
  system("You are careful."),
  user([{ type: "text", text: "What is this?" }, image]),
  assistant(reasoning("I have to look twice."), "Let me see.", call("call_1", { q: 1 }), call("call-2")),
  tool(result("call_1", { rows: [] })),
  tool({ ...result("call-2", ""), isError: true }),
  assistant(providerCall("srv_1"), providerResult("srv_1"), "A cat."),
  user("Thanks."),
  user("And this?"),
  assistant(reasoning("Hm."), "A dog."),
];

interface Violation {
  readonly rule: string;
  readonly index: number;
  readonly messages: readonly Message[];
  readonly prefill?: ViewForm["prefill"];
}

const long = (length: number): string => "x".repeat(length);
const answered = (id: string, name = "look"): Message[] => [
  user("go"),
  assistant({ ...call(id), toolName: name }),
  tool(result(id)),
];

/** Two calls, the result of the second behind something else that the assistant said. */
const split: readonly Message[] = [
  user("go"),
  assistant(call("a"), call("b")),
  tool(result("a")),
  assistant("x"),
  tool(result("b")),
];
const foreign: readonly Message[] = [user("go"), assistant("x", native("elsewhere"))];

/** The least that breaks the rule, by the part of its id behind the provider's name. */
const violations: Readonly<Record<Provider, readonly Violation[]>> = {
  "openai-chat": [
    { rule: "not-empty", index: 0, messages: [system("rules")] },
    { rule: "parts", index: 0, messages: [user([reasoning("no")])] },
    { rule: "answers", index: 1, messages: [user("go"), assistant(call("a"))] },
    { rule: "answers", index: 1, messages: [user("go"), tool(result("a"))] },
    { rule: "answers", index: 1, messages: [user("go"), assistant(call("a")), user("?"), tool(result("a"))] },
    { rule: "answers", index: 3, messages: [...answered("a"), tool(result("a"))] },
    {
      rule: "answers",
      index: 1,
      messages: [user("go"), assistant(call("a")), assistant("x"), tool(result("a"))],
    },
    { rule: "answers", index: 2, messages: split },
    { rule: "parts", index: 1, messages: foreign },
    { rule: "assistant-media", index: 1, messages: [user("draw"), assistant(image)] },
    { rule: "content", index: 0, messages: [user("")] },
    { rule: "content", index: 1, messages: [user("go"), assistant()] },
    { rule: "content", index: 1, messages: [user("go"), assistant(reasoning("hm"))] },
    { rule: "call-id-length", index: 1, messages: answered(long(41)) },
    { rule: "tool-name-form", index: 1, messages: answered("a", "mcp.find") },
    { rule: "tool-name-form", index: 1, messages: answered("a", long(65)) },
    { rule: "provider-pairs", index: 1, messages: [user("go"), assistant(providerCall("p"))] },
    { rule: "provider-pairs", index: 1, messages: [user("go"), assistant(providerResult("p"))] },
  ],
  "openai-responses": [
    { rule: "not-empty", index: 0, messages: [] },
    { rule: "parts", index: 1, messages: [user("go"), { role: "tool", content: "text" }] },
    { rule: "answers", index: 1, messages: [user("go"), assistant(call("a"))] },
    { rule: "answers", index: 1, messages: [user("go"), assistant(call("a"), call("a")), tool(result("a"))] },
    { rule: "unique-call-ids", index: 3, messages: [...answered("a"), ...answered("a").slice(1)] },
    { rule: "call-id-length", index: 1, messages: answered(long(65)) },
    { rule: "tool-name-form", index: 1, messages: answered("a", "find it") },
    { rule: "reasoning", index: 1, messages: [user("go"), assistant(reasoning("hm"))] },
    { rule: "reasoning", index: 1, messages: [user("go"), assistant("x", reasoning("hm")), user("?")] },
    { rule: "parts", index: 1, messages: foreign },
    { rule: "assistant-media", index: 1, messages: [user("draw"), assistant(image)] },
    {
      rule: "reasoning-pairs",
      index: 1,
      messages: [
        user("go"),
        assistant(signed("rs_1"), signed("rs_2"), call("a"), call("b")),
        tool(result("a"), result("b")),
      ],
    },
    {
      rule: "reasoning-pairs",
      index: 2,
      messages: [user("go"), assistant(signed("rs_1")), assistant(signed("rs_2"), "x")],
    },
    {
      rule: "reasoning-pairs",
      index: 2,
      messages: [user("go"), by("one", assistant(signed("rs_1"))), by("two", assistant("x"))],
    },
    { rule: "content", index: 0, messages: [user([])] },
    { rule: "provider-pairs", index: 1, messages: [user("go"), assistant("x", providerResult("p"))] },
  ],
  anthropic: [
    { rule: "not-empty", index: 0, messages: [system("rules")] },
    { rule: "parts", index: 0, messages: [user([call("a")])] },
    { rule: "system-first", index: 1, messages: [user("go"), system("rules")] },
    { rule: "user-first", index: 0, messages: [assistant("hello")] },
    { rule: "user-first", index: 1, messages: [system("rules"), assistant("hello"), user("go")] },
    { rule: "content", index: 1, messages: [user("go"), assistant(" ")] },
    { rule: "answers", index: 1, messages: [user("go"), assistant(call("a"), call("b")), tool(result("a"))] },
    { rule: "answers", index: 2, messages: split },
    { rule: "parts", index: 1, messages: foreign },
    { rule: "assistant-media", index: 1, messages: [user("draw"), assistant(image)] },
    { rule: "prefill", index: 1, prefill: "refused", messages: [user("go"), assistant("x")] },
    { rule: "prefill-space", index: 1, prefill: "continued", messages: [user("go"), assistant("x\n")] },
    {
      rule: "prefill-space",
      index: 1,
      prefill: "continued",
      messages: [user("go"), { role: "assistant", content: "x " }],
    },
    { rule: "calls-last", index: 1, messages: [user("go"), assistant(call("a"), "x"), tool(result("a"))] },
    { rule: "unique-call-ids", index: 3, messages: [...answered("a"), ...answered("a").slice(1)] },
    { rule: "call-id-form", index: 1, messages: answered("a:1") },
    { rule: "tool-name-form", index: 1, messages: answered("a", "mcp.find") },
    { rule: "call-input", index: 1, messages: [user("go"), assistant(call("a", "raw")), tool(result("a"))] },
    { rule: "provider-pairs", index: 1, messages: [user("go"), assistant(providerCall("p"), "x")] },
    { rule: "thinking-alone", index: 1, messages: [user("go"), assistant(reasoning("hm")), user("?")] },
  ],
  gemini: [
    { rule: "not-empty", index: 0, messages: [] },
    { rule: "parts", index: 0, messages: [user([result("a")])] },
    { rule: "system-first", index: 2, messages: [user("go"), assistant("x"), system("rules")] },
    { rule: "user-first", index: 0, messages: [assistant(call("a")), tool(result("a"))] },
    { rule: "content", index: 0, messages: [user([{ type: "text", text: "" }, image])] },
    { rule: "answers", index: 1, messages: [user("go"), assistant(call("a"), call("b")), tool(result("b"))] },
    { rule: "answers", index: 2, messages: split },
    { rule: "parts", index: 1, messages: foreign },
    { rule: "call-input", index: 1, messages: [user("go"), assistant(call("a", [1])), tool(result("a"))] },
    { rule: "provider-pairs", index: 1, messages: [user("go"), assistant(providerCall("p"))] },
  ],
};

describe.each(providers)("%s", (provider) => {
  it("takes a conversation with everything in it", () => {
    expect(validateForProvider(conversation, provider)).toEqual([]);
  });

  it.each(violations[provider])("finds $rule at message $index", ({ rule, index, messages, prefill }) => {
    const problems = validateForProvider(messages, provider, { prefill });
    const found = problems.find((problem) => problem.rule === `${provider}/${rule}`);
    expect(found, JSON.stringify(problems)).toMatchObject({ index });
    // Rules about the end are checked when they are asked for.
    if (prefill !== undefined) expect(validateForProvider(messages, provider)).toEqual([]);
    // Who reads only the message learns where the rule is written.
    expect(found?.message).toContain(found?.source);
    expect(found?.message).toContain(`${provider}/${rule}`);
    expect(found?.source).toMatch(/^(https:\/\/github\.com\/|(platform|docs|ai)\.[a-z.]+\/)/);
  });

  it("has a minimal violation for every rule", async () => {
    const rules = await import(`../src/validity/${provider}-rules.ts`);
    const [list] = Object.values(rules).filter(Array.isArray);
    const ids = (list ?? []).map(({ id }: { readonly id: string }) => id);
    const covered = new Set(violations[provider].map(({ rule }) => `${provider}/${rule}`));
    expect(covered).toEqual(new Set(ids));
  });
});

describe("the providers", () => {
  it("differ where they are known to", () => {
    const assistantFirst = [assistant("hello"), user("go")];
    expect(validateForProvider(assistantFirst, "openai-chat")).toEqual([]);
    expect(validateForProvider(assistantFirst, "openai-responses")).toEqual([]);
    const odd = answered("a:1");
    expect(providers.filter((provider) => validateForProvider(odd, provider).length > 0)).toEqual([
      "anthropic",
    ]);
    const lateSystem = [user("go"), system("be brief")];
    expect(providers.filter((provider) => validateForProvider(lateSystem, provider).length > 0)).toEqual([
      "anthropic",
      "gemini",
    ]);
  });

  it("take their own native items only, in a part or in place of the content", () => {
    const own = { format: "openai-responses", item: { type: "compaction", encrypted_content: "x" } };
    const conversations: readonly (readonly Message[])[] = [
      [user("go"), assistant(native("openai-responses"))],
      [user("go"), { role: "assistant", content: [], native: own }],
    ];
    for (const messages of conversations) {
      expect(validateForProvider(messages, "openai-responses")).toEqual([]);
      expect(validateForProvider(messages, "anthropic")).not.toEqual([]);
      expect(validateForProvider(messages, "gemini")).not.toEqual([]);
      expect(validateForProvider(messages, "openai-chat")).not.toEqual([]);
    }
  });

  it("take reasoning in several parts of one item, and an image of the assistant at Gemini", () => {
    const parts = [user("go"), assistant(signed("rs_1"), signed("rs_1"), call("a")), tool(result("a"))];
    for (const provider of providers) expect(validateForProvider(parts, provider)).toEqual([]);
    const drawn = [user("draw"), assistant(image)];
    expect(validateForProvider(drawn, "gemini")).toEqual([]);
  });

  it("cannot be changed, and one that is not known is not taken for one that finds nothing", () => {
    expect(Object.isFrozen(providers)).toBe(true);
    expect(() => validateForProvider([user("go")], "toString" as Provider)).toThrow();
  });
});
