import type { Recall, RecallHit, RecallResult } from "@relevo/core";
import { expect, it } from "vitest";
import { traceRecall } from "../../src/telemetry/index.ts";
import { collectTraces } from "./traces.ts";

const hits: readonly RecallHit[] = [
  {
    source: { kind: "event", session: "lead/1", incarnation: "i", seq: 7 },
    text: "Secret: we need a CRM",
    at: 0,
    score: 0.91,
    place: "messages",
    metadata: {},
  },
  {
    source: { kind: "document", namespace: ["users", "u-7", "facts"], key: "team", version: 3 },
    text: "200 people",
    at: 0,
    score: 0.4,
    place: "documents",
    metadata: {},
  },
];
const found: RecallResult = { hits, missing: [] };
const recall: Recall = {
  search: async (_, { text }) => {
    if (text === "broken") throw new Error("down");
    return text === "nothing" ? { hits: [], missing: ["vectors", "reranking"] } : found;
  },
};

it("makes each search a search_memory span, with the query and scored hits only when content is recorded", async () => {
  using traces = collectTraces();
  const plain = traceRecall(recall);
  expect(await plain.search("acme", { text: "CRM", limit: 5 })).toBe(found);
  await plain.search("acme", { text: "nothing", limit: 5 });
  await expect(plain.search("acme", { text: "broken", limit: 5 })).rejects.toThrow("down");
  expect(traces.tree()).not.toMatch(/CRM|nothing|broken|down/u);
  const seen = traces
    .spans()
    .map(({ name, attributes }) => [
      name,
      attributes["gen_ai.memory.store.id"],
      attributes["gen_ai.memory.record.count"],
      attributes["relevo.recall.found"],
      attributes["relevo.recall.missing"],
      attributes["error.type"],
    ]);
  expect(seen).toEqual([
    ["search_memory", "acme", 2, true, undefined, undefined],
    ["search_memory", "acme", 0, false, "vectors,reranking", undefined],
    ["search_memory", "acme", undefined, undefined, undefined, "Error"],
  ]);

  traces.reset();
  const content = (value: unknown) => String(value).replace("Secret", "•••");
  await traceRecall(recall, { content }).search("acme", { text: "Secret CRM", limit: 5 });
  const [span] = traces.spans();
  expect(span?.attributes["gen_ai.memory.query.text"]).toBe("••• CRM");
  expect(JSON.parse(String(span?.attributes["gen_ai.memory.records"]))).toEqual([
    { id: "acme/session:lead%2F1/events/7", content: "•••: we need a CRM", score: 0.91 },
    { id: "acme/users/u-7/facts/team", content: "200 people", score: 0.4 },
  ]);
});
