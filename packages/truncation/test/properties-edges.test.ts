import { rangesInclude } from "@relevo/core/input";
import { createMemory } from "@relevo/memory";
import { assistant, call, reasoning, result, tool, user } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { summarize, window } from "../src/index.ts";

it("a pinned message right before the oldest one that was read is not counted as dropped", async () => {
  // The first page holds 24 messages.
  for (const length of [25, 26, 27, 28]) {
    const messages = Array.from({ length }, (_, index) => (index % 2 === 0 ? user("q") : assistant("a")));
    for (const pinned of [0, 1, 2, 3, 4]) {
      const view = await window({ messages: 4 }).apply(messages, { pinned: (_, index) => index === pinned });
      expect(view.seqs).toContain(pinned + 1);
      const places = messages.map((_, index) => {
        const shown = view.seqs.includes(index + 1) ? 1 : 0;
        return shown + view.dropped.filter((range) => rangesInclude([range], index + 1)).length;
      });
      expect(new Set(places)).toEqual(new Set([1]));
    }
  }
});

it("a message that stands in a pinned group and in one of its own is not summarized again and again", async () => {
  const messages = [
    assistant(call("a"), call("b")),
    assistant("word"),
    assistant(result("a"), "so"),
    tool(result("b")),
    assistant("a last word"),
  ];
  await using memory = createMemory({ store: createMemoryStore() });
  const session = memory.tenant("acme").session("chat");
  await session.append(
    messages.map((body, index) => ({ type: "message" as const, body, pinned: index === 3 })),
  );
  let asked = 0;
  const summarizer = {
    name: "counting",
    summarize: async () => `summary ${++asked}`,
  };
  const strategy = summarize({ trigger: { messages: 2 }, keep: { messages: 1 }, summarizer });
  const views = [await session.view({ strategy }), await session.view({ strategy })];
  expect(asked).toBe(1);
  expect(views[1]?.messages).toEqual(views[0]?.messages);
});

it("a pinned result is shown with the reasoning before its call, also where that lies on the next page", async () => {
  for (let length = 22; length < 30; length++) {
    const messages = [
      user("begin"),
      assistant(reasoning("hm")),
      assistant(call("a")),
      user("and?"),
      tool(result("a")),
      ...Array.from({ length: length - 5 }, (_, index) => (index % 2 === 0 ? user("q") : assistant("a"))),
    ];
    const view = await window({ messages: 4 }).apply(messages, { pinned: (_, index) => index === 4 });
    expect(view.messages).toContainEqual(assistant(reasoning("hm"), call("a")));
    expect(view.summarized).toContainEqual({ from: 2, to: 2 });
  }
});

it("a pinned message with two results is shown in both groups, also where one call lies on a page before", async () => {
  for (const nearby of ["answered", "open"]) {
    const messages = [
      user("begin"),
      assistant(call("far")),
      ...Array.from({ length: 70 }, (_, index) => (index % 2 === 0 ? user("q") : assistant("a"))),
      assistant(call("near")),
      ...(nearby === "answered" ? [tool(result("near"))] : []),
      tool(result("far"), result("near")),
      user("and?"),
      assistant("so"),
    ];
    const pinnedAt = messages.length - 3;
    const view = await window({ messages: 1, low: 1 }).apply(messages, {
      pinned: (_, index) => index === pinnedAt,
    });
    expect(view.seqs).toContain(2);
    expect(view.messages).toContainEqual(assistant(call("far")));
  }
});
