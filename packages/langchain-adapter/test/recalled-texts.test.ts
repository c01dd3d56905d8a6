import { AIMessage, HumanMessage } from "@langchain/core/messages";
import type { Recall, RecallHit, RecallQuery } from "@relevo/core";
import { createAgent } from "langchain";
import { expect, it } from "vitest";
import type { RelevoMemoryOptions } from "../src/agent/index.ts";
import { on, setUp } from "./support/agents.ts";
import { ScriptedModel } from "./support/scripted-model.ts";

/** A run behind four messages, with a recall that finds these and then old ones, as many as it is asked for. */
async function runWith(options: Partial<RelevoMemoryOptions>) {
  const queries: RecallQuery[] = [];
  const hit = (text: string, session: string, seq: number): RecallHit => ({
    text,
    score: 1,
    at: 0,
    place: "messages",
    source: { kind: "event", session, incarnation: "i", seq },
    metadata: {},
  });
  const recall: Recall = {
    async search(_, query) {
      queries.push(query);
      const shown = [1, 2, 3].map((seq) => hit(`shown ${seq}`, "t", seq));
      const old = Array.from({ length: 10 }, (_, n) => hit(`old ${n}.`, "old", n + 1));
      return { hits: [...shown, ...old].slice(0, query.limit), missing: [] };
    },
  };
  const { session, middleware } = setUp(options, { recall });
  await session.append([
    { role: "user", content: "One" },
    { role: "assistant", content: "Two" },
    { role: "user", content: "Three" },
    { role: "assistant", content: "Four" },
  ]);
  const model = new ScriptedModel(() => new AIMessage("Six"));
  await createAgent({ model, tools: [], middleware: [middleware] }).invoke(
    { messages: [new HumanMessage("Five")] },
    on("t"),
  );
  const added = model.shown[0]?.map(({ text }) => text).find((text) => text.includes("<recalled>")) ?? "";
  return { query: queries[0], old: added.match(/old \d\./gu) ?? [], added };
}

it("the newest messages make the question, and so many hits are shown that the view has not", async () => {
  const { query, old, added } = await runWith({ recall: { limit: 3, messages: 5 } });
  expect(query?.text).toBe("One\nTwo\nThree\nFour\nFive");
  expect(old).toEqual(["old 0.", "old 1.", "old 2."]);
  expect(added).not.toContain("shown");
  const { query: shorter } = await runWith({ recall: { limit: 3, messages: 2 } });
  expect(shorter?.text).toBe("Four\nFive");
});

it("what is recalled is the session's, or the person's to whom it belongs, unless the options say otherwise", async () => {
  const whose = async (options: Partial<RelevoMemoryOptions>) => {
    const { text: _text, limit: _limit, ...query } = (await runWith(options)).query ?? { text: "" };
    return query;
  };
  expect(await whose({ recall: true })).toEqual({ sessions: ["t"] });
  expect(await whose({ recall: { query: { agents: ["clerk"] } } })).toEqual({ agents: ["clerk"] });
});
