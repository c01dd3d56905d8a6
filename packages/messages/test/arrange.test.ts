import type { ContentPart, Message, Provider, ToolCallPart, ViewForm } from "@relevo/core";
import {
  assistant,
  by,
  call,
  entriesOf,
  native,
  providerCall,
  reasoning,
  result,
  signed,
  system,
  tool,
  user,
} from "@relevo/random-conversations";
import { describe, expect, it } from "vitest";
import {
  arrangeGroups,
  continuation,
  groupEntries,
  missingResult,
  prompting,
  providers,
  validateForProvider,
} from "../src/index.ts";

function arrange(messages: readonly Message[], form: ViewForm = {}): readonly Message[] {
  return arrangeGroups(groupEntries(entriesOf(messages), form).groups, form).map(({ message }) => message);
}

function contents(messages: readonly Message[]): (Message["content"] | string)[] {
  return messages.map(({ content }) => content);
}

function expectValid(messages: readonly Message[], of: readonly Provider[] = providers): void {
  for (const provider of of) expect(validateForProvider(messages, provider), provider).toEqual([]);
}

function callsOf(message: Message | undefined): readonly ToolCallPart[] {
  if (message === undefined || typeof message.content === "string") return [];
  return message.content.filter((part) => part.type === "tool-call");
}

const answerTo = (id: string): Message => ({ role: "tool", content: [result(id)] });

describe("reasoning with an item of its own", () => {
  it("stays with the call it belongs to: the second call begins another round", () => {
    const history = [
      user("go"),
      assistant(signed("rs_1"), call("a"), signed("rs_2"), call("b")),
      tool(result("a"), result("b")),
    ];
    const arranged = arrange(history);
    expect(arranged).toEqual([
      user("go"),
      assistant(signed("rs_1"), call("a")),
      answerTo("a"),
      assistant(signed("rs_2"), call("b")),
      answerTo("b"),
    ]);
    expectValid(arranged);
  });

  it("stays in one round where nothing of it is between the calls", () => {
    const both = assistant(signed("rs_1"), call("a"), call("b"));
    const plain = assistant(reasoning("one"), call("c"), reasoning("two"), call("d"));
    const arranged = arrange([
      user("go"),
      both,
      tool(result("a"), result("b")),
      plain,
      tool(result("c"), result("d")),
    ]);
    expect(arranged[1]).toBe(both);
    expect(arranged[3]).toEqual(assistant(reasoning("one"), reasoning("two"), call("c"), call("d")));
    expectValid(arranged);
  });

  it("goes with its call behind what else was said", () => {
    const arranged = arrange([
      user("go"),
      assistant(signed("rs_1"), call("a"), signed("rs_2"), "So."),
      tool(result("a")),
    ]);
    expect(arranged[1]).toEqual(assistant(signed("rs_2"), "So.", signed("rs_1"), call("a")));
    expectValid(arranged);
  });

  it.each<[string, readonly ContentPart[]]>([
    ["a call that the provider ran and never answered", [providerCall("p")]],
    ["an item of another provider", [native("gemini")]],
    ["an image", [{ type: "image", url: "https://example.com/a.png" }]],
    ["nothing, before other reasoning", []],
  ])("is left out where its item is: %s", (_, item) => {
    const arranged = arrange([user("go"), assistant(signed("rs_1"), ...item, signed("rs_2"), "So.")]);
    expect(arranged[1]).toEqual(assistant(signed("rs_2"), "So."));
    expectValid(arranged);
  });

  it("is left out with a reason, and what came after it stands where it was said", () => {
    const history = [
      user("go"),
      by("one", assistant(reasoning("hm"))),
      assistant("First."),
      by("one", assistant(providerCall("p"), "Second.")),
    ];
    const { groups, leftovers } = groupEntries(entriesOf(history));
    expect(arrangeGroups(groups).map(({ seq }) => seq)).toEqual([1, 3, 4]);
    expect(leftovers).toMatchObject([{ entry: { seq: 2 }, reason: "dangling-reasoning" }]);
  });

  it("is not shown in front of another agent's words", () => {
    const arranged = arrange([
      user("go"),
      by("one", assistant(providerCall("p"), signed("rs_1"))),
      by("two", assistant({ ...result("p"), providerExecuted: true }, "So.")),
    ]);
    expect(JSON.stringify(arranged)).not.toContain("rs_1");
    expectValid(arranged);
  });
});

describe("items of one provider", () => {
  const hosted = native("openai-responses", { type: "web_search_call", id: "ws_1" });
  const compaction: Message = {
    role: "assistant",
    content: [],
    native: { format: "openai-responses", item: { type: "compaction" } },
  };
  const history = [user("go"), assistant(signed("rs_1"), hosted, "Found."), user("more"), compaction];

  it("are kept for it as they are, with the reasoning before them", () => {
    const arranged = arrange(history, { for: "openai-responses" });
    expect(arranged).toEqual(history);
    expectValid(arranged, ["openai-responses"]);
  });

  it("are left out for others and for all, a message of nothing else with a reason", () => {
    for (const form of [{}, { for: "gemini" }, { for: "anthropic" }, { for: "openai-chat" }] as const) {
      const grouping = groupEntries(entriesOf(history), form);
      expect(contents(arrange(history, form))).toEqual(["go", [{ type: "text", text: "Found." }], "more"]);
      expect(grouping.leftovers).toMatchObject([{ entry: { seq: 4 }, reason: "other-provider" }]);
    }
  });

  it("stay with reasoning that came in a message before them", () => {
    const arranged = arrange([user("go"), assistant(signed("rs_1")), compaction], {
      for: "openai-responses",
    });
    expect(arranged.at(-1)?.content).toEqual([
      signed("rs_1"),
      { type: "native", format: "openai-responses", item: { type: "compaction" } },
    ]);
    expectValid(arranged, ["openai-responses"]);
  });

  it("in a message of a tool, or of the system, can stand in no view", () => {
    const odd: Message = { role: "tool", content: [hosted] };
    const rule: Message = { role: "system", content: [hosted] };
    const { groups, leftovers } = groupEntries(entriesOf([odd, rule]), { for: "openai-responses" });
    expect(groups).toEqual([]);
    expect(leftovers).toHaveLength(2);
  });

  it("are an image of the assistant too, which Gemini takes and no other", () => {
    const image = { type: "image", url: "https://example.com/a.png" } as const;
    const drawn = [user("draw"), assistant(image)];
    expect(arrange(drawn, { for: "gemini" })).toEqual(drawn);
    expect(arrange(drawn)).toEqual([user("draw")]);
    expect(groupEntries(entriesOf(drawn)).leftovers).toMatchObject([{ reason: "unsendable" }]);
  });
});

describe("call ids", () => {
  const signature = { thoughtSignature: "c2ln" };
  const signedCall = (id: string, extra: object = {}): ContentPart => ({
    ...call(id),
    native: { ...signature, ...extra },
  });
  const reused = [
    user("go"),
    assistant(signedCall("c")),
    answerTo("c"),
    assistant(signedCall("c")),
    answerTo("c"),
  ];

  it("that are used again get another, and their call keeps its signature", () => {
    const arranged = arrange(reused);
    expect(arranged[3]?.content).toEqual([{ ...signedCall("c"), toolCallId: "c_4" }]);
    expect(arranged[4]?.content).toMatchObject([{ toolCallId: "c_4" }]);
    expectValid(arranged);
  });

  it("stay as they are for a provider that takes them", () => {
    expect(arrange(reused, { for: "gemini" })).toEqual(reused);
    expect(arrange(reused, { for: "openai-chat" })).toEqual(reused);
    expect(arrange(reused, { for: "anthropic" })).not.toEqual(reused);
    const odd = [user("go"), assistant(call("a:1")), answerTo("a:1")];
    expect(arrange(odd, { for: "openai-responses" })).toEqual(odd);
    expect(arrange(odd, { for: "anthropic" })).not.toEqual(odd);
  });

  it("are replaced in the provider's own form of the call as well, and nowhere else in it", () => {
    const arranged = arrange([
      user("go"),
      assistant(call("c")),
      answerTo("c"),
      assistant(signedCall("c", { id: "fc_1", call: { call_id: "c" }, name: ["cc", "c"] })),
      answerTo("c"),
    ]);
    expect(arranged[3]?.content).toMatchObject([
      {
        toolCallId: "c_4",
        native: { ...signature, id: "fc_1", call: { call_id: "c_4" }, name: ["cc", "c_4"] },
      },
    ]);
  });

  it("differ however often one is used in a message, and stay the same in the next view", () => {
    const many = Array.from({ length: 500 }, () => call("long".repeat(20)));
    const history = [user("go"), assistant(...many, call("long_2_7"))];
    const arranged = arrange(history);
    const ids = callsOf(arranged[1]).map(({ toolCallId }) => toolCallId);
    expect(new Set(ids).size).toBe(501);
    expectValid(arranged);
    expect(arrange([...history, user("more")]).slice(0, 2)).toEqual(arranged.slice(0, 2));
  });
});

describe("the end, for a model that takes no last message of the assistant", () => {
  const history = [user("go"), assistant("I am \n")];

  it("is a user's message that was made up, only where it is needed", () => {
    const arranged = arrange(history, { prefill: "refused" });
    expect(arranged).toEqual([...history, user(prompting)]);
    expect(validateForProvider(arranged, "anthropic", { prefill: "refused" })).toEqual([]);
    const answered = [user("go"), assistant(call("a")), answerTo("a")];
    expect(arrange(answered, { prefill: "refused" })).toEqual(answered);
    expect(arrange([], { prefill: "refused" })).toEqual([]);
  });

  it("loses its white space where the model continues it", () => {
    for (const last of [assistant("I am \n"), { role: "assistant", content: "I am \n" } as const]) {
      const arranged = arrange([user("go"), last], { prefill: "continued" });
      expect(validateForProvider([user("go"), last], "anthropic", { prefill: "continued" })).toHaveLength(1);
      expect(validateForProvider(arranged, "anthropic", { prefill: "continued" })).toEqual([]);
      expect(JSON.stringify(arranged.at(-1))).toContain('I am"');
    }
    const untouched = [user("go "), assistant("I am "), user("yes ")];
    expect(arrange(untouched, { prefill: "continued" })).toEqual(untouched);
  });

  it("stays as it is without being asked for", () => {
    expect(arrange(history)).toEqual(history);
  });
});

describe("a conversation", () => {
  it("has its system messages first and begins with the user", () => {
    const arranged = arrange([assistant("Hello."), system("Be brief."), user("go")]);
    expect(contents(arranged)).toEqual(["Be brief.", continuation, [{ type: "text", text: "Hello." }], "go"]);
    expectValid(arranged);
  });

  it("says of calls without a result what is known, and where they stand", () => {
    const entries = entriesOf([user("go"), assistant(call("a"), call("b"))]);
    const { groups } = groupEntries(entries, {
      answer: ({ call: { toolCallId }, seq }) => (toolCallId === "b" ? `passed at ${seq}` : undefined),
    });
    expect(arrangeGroups(groups).at(-1)).toEqual({
      message: {
        role: "tool",
        content: [{ ...result("a", missingResult), isError: true }, result("b", "passed at 2")],
      },
      seq: undefined,
      answers: [2],
    });
  });
});
