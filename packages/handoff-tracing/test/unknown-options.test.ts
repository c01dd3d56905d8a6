import { optionProblems } from "@relevo/store-conformance";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import * as handoffTracing from "../src/index.ts";

const { createHandoffs, readChain, rebuildContext, renderChain, toMermaid } = handoffTracing;

it("an option that nobody knows is refused by every call", async () => {
  const { log } = createMemoryStore();
  const session = { tenant: "acme", session: "chat" };
  await log.append(session, [{ type: "message", body: { role: "user", content: "x" } }]);
  const handoffs = createHandoffs({ log });
  const nobody = { name: "nobody", summarize: async () => "" };
  const facts = { from: "a", to: "b", reason: "r" };
  const handle = await handoffs.start(session, facts);
  const chain = await readChain(log, session);
  const before = await log.head(session);
  const problems = await optionProblems(
    { handoffTracing, handoffs, handle },
    {
      "handoffTracing.createHandoffs": (o) => createHandoffs({ log, ...o }),
      onHandoff: (o) => createHandoffs({ log, onHandoff: { ...(o as object) } }),
      retry: (o) => createHandoffs({ log, retry: { ...(o as object) } }),
      "handoffTracing.readChain": (o) => readChain(log, session, o),
      "handoffTracing.rebuildContext": (o) => rebuildContext(log, session, "h", o),
      "handoffTracing.renderChain": (o) => renderChain(chain, { ...(o as object) }),
      "handoffTracing.toDot": (o) =>
        handoffTracing.toDot(handoffTracing.graphOf(chain), { ...(o as object) }),
      "handoffTracing.toMermaid": (o) => toMermaid(handoffTracing.graphOf(chain), { ...(o as object) }),
      "handoffTracing.summary": (o) => handoffTracing.summary(nobody, { ...(o as object) }),
      "handoffs.run": (o) => handoffs.run({ session, ...facts }, async () => undefined, o),
      request: (o) => handoffs.run({ session, ...facts, ...o }, async () => undefined),
      "handoffs.start": (o) => handoffs.start(session, facts, o),
      start: (o) => handoffs.start(session, { ...facts, ...o }),
      "handoffs.abandonStale": (o) => handoffs.abandonStale(session, { ...(o as object) }),
      "handoffs.upkeep": (o) => handoffs.upkeep("acme", { ...(o as object) }),
      "handoffs.chain": (o) => handoffs.chain(session, o),
      "handoffs.graph": (o) => handoffs.graph("acme", { ...(o as object) }),
      "handoffs.rebuild": (o) => handoffs.rebuild(session, "h", o),
      "handle.complete": (o) => handle.complete(undefined, o),
      "handle.fail": (o) => handle.fail(new Error("x"), o),
      "handle.reject": (o) => handle.reject("no", o),
    },
    [
      "handoffs.current",
      "handoffs.for",
      ...[
        "HandoffNotRecorded",
        "HandoffRefused",
        "HandoffRejected",
        "custom",
        "full",
        "graphOf",
        "last",
        "none",
        "view",
      ].map((name) => `handoffTracing.${name}`),
    ],
  );
  expect(problems).toEqual([]);
  expect((await log.head(session))?.version).toBe(before?.version);
  expect(() => createHandoffs({ log, maxRepeat: 1 } as never)).toThrow("Did you mean maxRepeats?");
});

it("a misspelt choice is refused, and so is what is no address", async () => {
  const { log } = createMemoryStore();
  expect(() => createHandoffs({ log, onMemoryFailure: "degarde" } as never)).toThrow("must be one of");
  const handoffs = createHandoffs({ log });
  const hostile = new Proxy(
    { tenant: "acme", session: "chat" },
    {
      get: () => {
        throw new Error("BOOM");
      },
    },
  );
  for (const address of [null, "chat", hostile] as never[]) {
    for (const call of [
      () => handoffs.chain(address),
      () => handoffs.rebuild(address, "h"),
      () => handoffs.start(address, { from: "a", to: "b", reason: "r" }),
    ])
      await expect(call()).rejects.toMatchObject({ code: "invalid-input" });
  }
});
