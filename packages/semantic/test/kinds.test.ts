import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { createRecall, createSearchIndex } from "../src/index.ts";
import { append, type Line } from "./conversations.ts";

const lamp: readonly Line[] = [
  ["Nora", "The lamp is here."],
  ["Piet", "That lamp again."],
  ["Nora", "Where is the lamp?"],
  ["Piet", "The lamp is in the attic."],
  ["Nora", "I bought the lamp yesterday."],
  ["Piet", 'The lamp "Aurora" stands in Delft.'],
];

/** What each message is multiplied by, rounded. */
async function kindsFor(text: string): Promise<readonly unknown[]> {
  await using store = createMemoryStore();
  const recall = createRecall({ store, index: createSearchIndex() });
  await append(store, "acme", "s", lamp);
  const { hits } = await recall.search("acme", { text, limit: lamp.length, explain: true });
  const bySeq = new Map(
    hits.map(({ source, explain }) => [source.kind === "event" ? source.seq : 0, Number(explain?.kind)]),
  );
  return lamp.map((_, place) => Math.round((bySeq.get(place + 1) ?? 0) * 100) / 100);
}

it("what opens a session counts more, what asks less, an answer to a question of the same kind most", async () => {
  // In the last message, a title and two names that are no speakers'.
  expect(await kindsFor("Where is the lamp?")).toEqual([1.05, 1.05, 0.85, 1.5, 1, 1.5]);
});

it("who asks when is shown what names a time", async () => {
  expect(await kindsFor("When was the lamp bought?")).toEqual([1.05, 1.05, 0.85, 1, 1.4, 1]);
});
