import type { Message, ViewForm } from "@relevo/core";
import { conversation, strange } from "@relevo/random-conversations";
import fc from "fast-check";
import { expect, it } from "vitest";
import { looksValid } from "../src/arrange/assert-valid.ts";
import { arrangeGroups, groupEntries, providers, type ViewMessage } from "../src/index.ts";

/** The message with its text as one part, which takes the general path. */
function inParts(message: Message): Message {
  const { content } = message;
  return typeof content === "string" && content !== ""
    ? { ...message, content: [{ type: "text", text: content }] }
    : message;
}

/** The message as a string, which takes the short path, when it is one text. */
function asText(message: Message): Message {
  const [only, ...more] = typeof message.content === "string" ? [] : message.content;
  const isText = only?.type === "text" && more.length === 0 && message.role !== "tool";
  return isText ? { ...message, content: only.text } : message;
}

const form: fc.Arbitrary<ViewForm> = fc.record({
  for: fc.option(fc.constantFrom(...providers), { nil: undefined }),
  prefill: fc.option(fc.constantFrom("refused" as const, "continued" as const), { nil: undefined }),
});
const history = fc.oneof(conversation, strange).map((messages) => messages.map(asText));
const pins = fc.array(fc.nat(20), { maxLength: 3 });

function grouped(messages: readonly Message[], pinned: readonly number[], options: ViewForm) {
  const entries = messages.map((message, index) => ({
    seq: index + 1,
    message,
    pinned: pinned.includes(index),
  }));
  const { groups, leftovers, parted, approvals } = groupEntries(entries, options);
  const shownOf = (list: readonly ViewMessage[]): unknown =>
    list.map((one) => ({ ...one, message: inParts(one.message) }));
  const arranged = arrangeGroups(groups, options);
  return {
    groups: groups.map((group) => ({
      ...group,
      entries: group.entries.map(({ seq }) => seq),
      messages: shownOf(group.messages),
    })),
    leftovers: leftovers.map(({ entry, reason }) => [entry.seq, reason]),
    parted: parted.map(({ seq }) => seq),
    approvals: approvals.map(({ entry, group }) => [entry.seq, groups.indexOf(group)]),
    arranged: shownOf(arranged),
    looksValid: looksValid(arranged.map(({ message }) => message)),
  };
}

it("a text is grouped and arranged as the same text in a part is, whatever stands around it", () => {
  let texts = 0;
  fc.assert(
    fc.property(history, pins, form, (messages, pinned, options) => {
      texts += messages.filter(({ content }) => typeof content === "string" && content.trim() !== "").length;
      expect(grouped(messages, pinned, options)).toEqual(grouped(messages.map(inParts), pinned, options));
    }),
    { numRuns: 1_500, seed: 20_261_127 },
  );
  expect(texts).toBeGreaterThan(2_500);
});
