import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { createAnalysis } from "../src/analysis/create-analysis.ts";
import { createRecall, createSearchIndex } from "../src/index.ts";
import { said } from "./conversations.ts";

const parts = [
  "a",
  "?",
  '?"',
  "a-",
  "@.",
  "ñ\u0301",
  "how ",
  "“A",
  "1-",
  "\n",
  "last ",
  "好",
  "aB",
  "May 1 ",
];

it("long texts of any form are analysed in time that is linear in them", () => {
  const analysis = createAnalysis();
  for (const part of parts) {
    const began = performance.now();
    analysis.analyse(part.repeat(200_000 / part.length), "en", 0);
    // What is not linear takes minutes for so much.
    expect(performance.now() - began, part).toBeLessThan(30_000);
  }
});

it("a session of the longest messages is indexed, in parts, and lets other work go on", async () => {
  await using store = createMemoryStore();
  const recall = createRecall({ store, index: createSearchIndex() });
  for (let n = 0; n < 3; n++) {
    const words = Array.from({ length: 20_000 }, (_, index) => `w${(index * 7919 + n) % 20_011}`).join(" ");
    await store.log.append({ tenant: "acme", session: "s" }, [said(["Nora", words.repeat(3)], n)]);
  }
  await store.log.append({ tenant: "acme", session: "s" }, [said(["Nora", "The pangolin sleeps."], 4)]);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const { hits } = await recall.search("acme", { text: "pangolin" });
  clearInterval(timer);
  expect(hits[0]?.text).toBe("The pangolin sleeps.");
  expect(ticks).toBeGreaterThan(3);
});

it("long texts are indexed and asked for", async () => {
  await using store = createMemoryStore();
  const recall = createRecall({ store, index: createSearchIndex() });
  for (const part of parts) {
    const text = part.repeat(100_000 / part.length);
    await store.log.append({ tenant: "acme", session: "s" }, [said(["Nora", text], 0)]);
    await recall.search("acme", { text });
  }
});

it("a text of megabytes is found, whatever value and metadata stand with each of its thousand pieces", async () => {
  await using store = createMemoryStore();
  const recall = createRecall({ store, index: createSearchIndex() });
  const acme = createMemory({ store, recall, indexes: [recall] }).tenant("acme");
  const filler = "Nothing of interest happens in this sentence about weather. ".repeat(35_000);
  const metadata = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`field${n}`, "x".repeat(80)]));
  await acme.knowledge.add({ id: "big", text: `${filler}The pangolin sleeps.`, metadata });
  await acme.session("s").append({ role: "user", content: `${filler}The walrus sings.`, metadata });
  const { hits } = await acme.search({ text: "pangolin walrus" });
  expect(hits.map(({ place }) => place).sort()).toEqual(["knowledge", "messages"]);
  expect(hits[0]?.metadata).toEqual(metadata);
  // Filters see the beginning of long strings.
  const where = { path: ["value", "text"], $contains: "Nothing" } as const;
  expect((await acme.search({ text: "pangolin", where })).hits).toHaveLength(1);
  expect(await recall.update("acme")).toBe(0);
});
