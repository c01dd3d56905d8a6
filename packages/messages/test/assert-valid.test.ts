import type { Message } from "@relevo/core";
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
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { looksValid } from "../src/arrange/assert-valid.ts";
import { providers, validateForProvider } from "../src/index.ts";

describe("the check of a view", () => {
  const messages: readonly Message[] = [
    system("rules"),
    user("q"),
    user(" "),
    assistant("a"),
    assistant(),
    assistant(reasoning("think")),
    assistant(reasoning("think"), "a"),
    assistant("a", reasoning("think")),
    assistant(call("a")),
    assistant(call("b")),
    assistant(call("a"), call("b")),
    assistant(call("a"), "behind"),
    assistant(call("a b")),
    assistant(call("a", ["no object"])),
    assistant(call("a", {}, "a tool")),
    assistant(providerCall("p"), providerResult("p")),
    assistant(providerCall("p")),
    assistant(providerResult("p"), "done"),
    assistant(result("a")),
    tool(result("a")),
    tool(result("b")),
    tool(result("a"), result("b")),
    tool("text"),
    by("one", assistant(signed("rs_1"))),
    assistant(signed("rs_1"), "a"),
    assistant(signed("rs_2"), "a"),
    assistant(signed("rs_1"), signed("rs_2"), "a"),
    assistant(native("openai-responses")),
    assistant({ type: "image", url: "https://example.com/a.png" }),
    { role: "assistant", content: [], native: { format: "anthropic", item: 1 } },
    { role: "tool", content: "text" },
    { role: "user", content: "" },
    { role: "system", content: [{ type: "image", url: "https://example.com/a.png" }] },
  ];

  it("in one pass finds what the rules of all providers find, and nothing else", () => {
    let valid = 0;
    // Begins as conversations do more often than chance would, or hardly one were valid.
    const likely = fc.constantFrom(...messages.slice(0, 10), ...messages.slice(19, 22));
    const conversation = fc
      .tuple(
        fc.constantFrom([user("q")], [system("rules"), user("q")], []),
        fc.array(fc.oneof(likely, fc.constantFrom(...messages)), { maxLength: 5 }),
      )
      .map(([begin, rest]) => [...begin, ...rest]);
    fc.assert(
      fc.property(conversation, (drawn) => {
        const refused = providers.some((provider) => validateForProvider(drawn, provider).length > 0);
        if (!refused) valid++;
        expect(looksValid(drawn)).toBe(!refused);
      }),
      { numRuns: 5_000, seed: 7 },
    );
    expect(valid).toBeGreaterThan(200);
  });
});
