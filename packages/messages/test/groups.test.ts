import type { Message } from "@relevo/core";
import {
  assistant,
  by,
  call,
  entriesOf,
  providerCall,
  providerResult,
  reasoning,
  result,
  system,
  tool,
  user,
} from "@relevo/random-conversations";
import { describe, expect, it } from "vitest";
import { groupEntries, missingResult, providers, validateForProvider } from "../src/index.ts";
import { groupsOf, leftoversOf, missing, shownOf } from "./support/shown.ts";

describe("groups", () => {
  it("are a system message, a user message, an assistant's text, and calls with their results", () => {
    const messages = [
      system("rules"),
      user("hi"),
      assistant("hello"),
      assistant("let me see", call("a")),
      tool(result("a")),
    ];
    expect(groupsOf(messages)).toEqual([
      { kind: "system", seqs: [1], shown: [1] },
      { kind: "user", seqs: [2], shown: [2] },
      { kind: "assistant", seqs: [3], shown: [3] },
      { kind: "tool-calls", seqs: [4, 5], shown: [4, 5] },
    ]);
    // Nothing had to be changed, so the very same messages are shown, with what adapters keep on them.
    expect(shownOf(messages)).toEqual(messages);
    const { groups } = groupEntries(entriesOf(messages));
    expect(
      groups
        .flatMap((group) => group.messages.map(({ message }) => message))
        .every((message) => messages.includes(message)),
    ).toBe(true);
    expect(groups.map(({ pinned }) => pinned)).toEqual([true, false, false, false]);
  });

  it("hold all results of parallel calls, in one message or in several", () => {
    const apart = [assistant(call("a"), call("b")), tool(result("b")), tool(result("a"))];
    expect(groupsOf(apart)).toEqual([{ kind: "tool-calls", seqs: [1, 2, 3], shown: [1, 2, 3] }]);
    const together = [assistant(call("a"), call("b")), tool(result("a"), result("b"))];
    expect(groupsOf(together)).toEqual([{ kind: "tool-calls", seqs: [1, 2], shown: [1, 2] }]);
  });

  it("bring a late result back to its call, whatever came between", () => {
    const messages = [
      user("go"),
      assistant(call("a")),
      user("and?"),
      assistant("wait"),
      tool(result("a")),
      user("ok"),
    ];
    expect(groupsOf(messages)).toEqual([
      { kind: "user", seqs: [1], shown: [1] },
      { kind: "tool-calls", seqs: [2, 5], shown: [2, 5] },
      { kind: "user", seqs: [3], shown: [3] },
      { kind: "assistant", seqs: [4], shown: [4] },
      { kind: "user", seqs: [6], shown: [6] },
    ]);
  });

  it("part a tool message that answers two of them, and leave its native item behind", () => {
    const native = { format: "x", item: { raw: 1 } };
    const messages = [
      assistant(call("a")),
      assistant(call("b")),
      { ...tool(result("a"), result("b")), native },
    ];
    expect(groupsOf(messages)).toEqual([
      { kind: "tool-calls", seqs: [1, 3], shown: [1, 3] },
      { kind: "tool-calls", seqs: [2, 3], shown: [2, 3] },
    ]);
    expect(shownOf(messages)).toEqual([
      assistant(call("a")),
      tool(result("a")),
      assistant(call("b")),
      tool(result("b")),
    ]);
  });

  it("answer the newest open call when an id is used again, and the older one when that is answered", () => {
    const again = [
      assistant(call("a", { n: 1 })),
      tool(result("a", 1)),
      assistant(call("a", { n: 2 })),
      tool(result("a", 2)),
    ];
    expect(groupsOf(again).map(({ seqs }) => seqs)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    const crossed = [
      assistant(call("a", { n: 1 })),
      assistant(call("a", { n: 2 })),
      tool(result("a", 2)),
      tool(result("a", 1)),
    ];
    expect(groupsOf(crossed).map(({ seqs }) => seqs)).toEqual([
      [1, 4],
      [2, 3],
    ]);
  });

  it("answer calls of one message that share an id in their order", () => {
    const messages = [assistant(call("a", { n: 1 }), call("a", { n: 2 })), tool(result("a", 1))];
    const shown = shownOf(messages);
    expect(shown.slice(1)).toEqual([tool(result("a", 1)), tool(missing("a"))]);
  });

  it("keep agents apart that use the same ids side by side", () => {
    const messages = [
      by("one", assistant(call("a", { n: 1 }))),
      by("two", assistant(call("a", { n: 2 }))),
      by("one", tool(result("a", 1))),
      by("two", tool(result("a", 2))),
    ];
    expect(groupsOf(messages).map(({ seqs }) => seqs)).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it("take the result of an unknown agent for any open call", () => {
    const messages = [by("one", assistant(call("a"))), tool(result("a"))];
    expect(groupsOf(messages)).toEqual([{ kind: "tool-calls", seqs: [1, 2], shown: [1, 2] }]);
  });

  it("leave over what answers nothing: orphans, duplicates, results before their calls", () => {
    const messages = [
      tool(result("a")),
      assistant(call("a")),
      tool(result("a")),
      tool(result("a")),
      tool(result("zz")),
    ];
    expect(groupsOf(messages).map(({ seqs }) => seqs)).toEqual([[2, 3]]);
    expect(leftoversOf(messages)).toEqual([
      [1, "orphan-result"],
      [4, "duplicate-result"],
      [5, "orphan-result"],
    ]);
  });

  it("take a result once that one message has twice", () => {
    const messages = [assistant(call("a")), tool(result("a", 1), result("a", 2))];
    expect(shownOf(messages)).toEqual([assistant(call("a")), tool(result("a", 1))]);
  });

  it("make up results, marked as errors, for what a crash left open", () => {
    const messages = [
      user("go"),
      assistant("I look", call("a"), call("b")),
      tool(result("b")),
      user("hello?"),
    ];
    expect(shownOf(messages)).toEqual([
      user("go"),
      assistant("I look", call("a"), call("b")),
      tool(result("b")),
      tool(missing("a")),
      user("hello?"),
    ]);
    expect(missing("a")).toMatchObject({ isError: true, output: missingResult, toolName: "look" });
    expect(groupsOf(messages)[1]).toEqual({ kind: "tool-calls", seqs: [2, 3], shown: [2, 3, undefined] });
  });

  it("end in the middle of a crash and begin in the middle of a log", () => {
    expect(shownOf([assistant(call("a"))])).toEqual([assistant(call("a")), tool(missing("a"))]);
    expect(leftoversOf([tool(result("a")), assistant("done")])).toEqual([[1, "orphan-result"]]);
  });
});

describe("reasoning", () => {
  it("joins the assistant's next message, in front of it", () => {
    const messages = [user("go"), assistant(reasoning("hm")), assistant(call("a")), tool(result("a"))];
    expect(groupsOf(messages)[1]).toEqual({ kind: "tool-calls", seqs: [2, 3, 4], shown: [2, 3, 4] });
    expect(shownOf(messages)).toEqual(messages);
  });

  it("of several messages in a row joins as well, and a late result does not come between", () => {
    const messages = [
      assistant(call("a")),
      assistant(reasoning("one")),
      tool(result("a")),
      assistant(reasoning("two")),
      assistant("said"),
    ];
    expect(groupsOf(messages).map(({ seqs }) => seqs)).toEqual([
      [1, 3],
      [2, 4, 5],
    ]);
  });

  it("stays where it is between text and a call", () => {
    const messages = [assistant("first", reasoning("hm"), call("a")), tool(result("a"))];
    expect(shownOf(messages)).toEqual(messages);
  });

  it("behind the last thing said is not shown", () => {
    expect(shownOf([assistant("said", reasoning("cut off"))])).toEqual([assistant("said")]);
    const joined = [assistant(providerCall("p"), "x"), assistant(providerResult("p"), "y", reasoning("z"))];
    expect(shownOf(joined)).toEqual([assistant(providerCall("p"), "x"), assistant(providerResult("p"), "y")]);
  });

  it("that led to nothing is left over", () => {
    expect(leftoversOf([user("go"), assistant(reasoning("hm")), user("hello?"), assistant("hi")])).toEqual([
      [2, "dangling-reasoning"],
    ]);
    expect(leftoversOf([user("go"), assistant(reasoning("hm"))])).toEqual([[2, "dangling-reasoning"]]);
    expect(leftoversOf([assistant(reasoning("hm")), assistant(providerCall("p"))])).toEqual([
      [1, "dangling-reasoning"],
      [2, "unsendable"],
    ]);
  });

  it("of one agent does not join another's message", () => {
    const messages = [
      by("one", assistant(reasoning("hm"))),
      by("two", assistant("hi")),
      by("one", assistant("so")),
    ];
    expect(groupsOf(messages).map(({ seqs }) => seqs)).toEqual([[1, 3], [2]]);
  });
});

describe("tools that the provider runs", () => {
  it("are pairs within one message", () => {
    const messages = [user("go"), assistant(providerCall("p"), providerResult("p"), "so")];
    expect(groupsOf(messages)[1]).toEqual({ kind: "tool-calls", seqs: [2], shown: [2] });
    expect(shownOf(messages)).toEqual(messages);
  });

  it("are pairs across two messages of one turn", () => {
    const messages = [
      assistant(call("a")),
      assistant(providerCall("p")),
      tool(result("a")),
      assistant(providerResult("p"), "so"),
    ];
    expect(groupsOf(messages)).toEqual([
      { kind: "tool-calls", seqs: [1, 3], shown: [1, 3] },
      { kind: "tool-calls", seqs: [2, 4], shown: [2, 4] },
    ]);
  });

  it("are no pair across a user's message", () => {
    const messages = [assistant(providerCall("p")), user("well?"), assistant(providerResult("p"), "so")];
    expect(shownOf(messages)).toEqual([user("well?"), assistant("so")]);
    expect(leftoversOf(messages)).toEqual([[1, "unsendable"]]);
  });

  it("are left out without their result, and their result without them", () => {
    expect(shownOf([assistant("a", providerCall("p"))])).toEqual([assistant("a")]);
    expect(shownOf([assistant(providerResult("p"), "a")])).toEqual([assistant("a")]);
    expect(leftoversOf([assistant(providerCall("p")), tool(result("p"))])).toEqual([
      [1, "unsendable"],
      [2, "orphan-result"],
    ]);
  });

  it("have each part once, also when an id or an object comes twice", () => {
    const pair = [providerCall("p"), providerResult("p")] as const;
    expect(shownOf([assistant(...pair, providerResult("p"))])).toEqual([assistant(...pair)]);
    expect(shownOf([assistant(pair[0], pair[0], pair[1])])).toEqual([assistant(...pair)]);
  });

  it("stand before the calls that we run, which come last in their turn", () => {
    const messages = [
      assistant(call("a"), providerCall("p"), "both"),
      tool(result("a")),
      assistant(providerResult("p"), "then"),
    ];
    expect(shownOf(messages)).toEqual([
      assistant(providerCall("p"), "both"),
      assistant(providerResult("p"), "then", call("a")),
      tool(result("a")),
    ]);
  });

  it("do not take the result of a call that we run under the same id", () => {
    const messages = [
      assistant(call("a")),
      assistant(providerCall("a"), providerResult("a")),
      tool(result("a")),
    ];
    expect(groupsOf(messages).map(({ seqs }) => seqs)).toEqual([[1, 3], [2]]);
  });
});

describe("what no provider takes", () => {
  const image = { type: "image", url: "https://example.com/a.png" } as const;

  it("is left out part by part: blank text, and parts of another role", () => {
    expect(shownOf([user([{ type: "text", text: " \n" }, image])])).toEqual([user([image])]);
    expect(shownOf([user([reasoning("no"), { type: "text", text: "yes" }])])).toEqual([
      user([{ type: "text", text: "yes" }]),
    ]);
    const mixed: Message = { role: "system", content: [image, { type: "text", text: "rules" }] };
    expect(shownOf([mixed])).toEqual([{ role: "system", content: [{ type: "text", text: "rules" }] }]);
  });

  it("is left over when nothing else is there", () => {
    const messages: Message[] = [
      user(""),
      user([]),
      assistant(" "),
      tool(),
      { role: "system", content: [image] },
      { role: "tool", content: "text without a call" },
      user([reasoning("x")]),
    ];
    expect(groupsOf(messages)).toEqual([]);
    expect(leftoversOf(messages)).toEqual([
      [1, "empty"],
      [2, "empty"],
      [3, "empty"],
      [4, "empty"],
      [5, "unsendable"],
      [6, "unsendable"],
      [7, "unsendable"],
    ]);
  });

  it("moves results that an assistant's message has for our calls to a message of their own", () => {
    const messages = [assistant(call("a"), result("a"), "so")];
    expect(shownOf(messages)).toEqual([assistant("so", call("a")), tool(result("a"))]);
  });

  it("is a call's input that is no object, or a name with other characters: both are given another form", () => {
    const messages = [
      assistant(
        call("a", "raw text"),
        call("b", null),
        call("c", [1], "mcp.find it"),
        call("d", {}, "9lives"),
      ),
      tool(result("a"), result("b"), { ...result("c"), toolName: "mcp.find it" }, result("d")),
    ];
    expect(shownOf(messages)).toEqual([
      assistant(
        call("a", { input: "raw text" }),
        call("b", {}),
        call("c", { input: [1] }, "mcp_find_it"),
        call("d", {}, "_9lives"),
      ),
      tool(result("a"), result("b"), { ...result("c"), toolName: "mcp_find_it" }, result("d")),
    ]);
    for (const provider of providers) {
      expect(validateForProvider([user("go"), ...shownOf(messages)], provider)).toEqual([]);
    }
  });

  it("is not changed in the history that was given", () => {
    const messages = [assistant(call("a", "raw"), reasoning("x"), " "), tool(result("a"), result("a"))];
    const before = structuredClone(messages);
    groupEntries(entriesOf(messages));
    expect(messages).toEqual(before);
  });
});
