import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { MemoryError } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { runBaseStoreCases } from "../src/conformance/index.ts";
import { RelevoStore } from "../src/langgraph/index.ts";
import { relevo } from "./support/base-stores.ts";

describe("the cases for a BaseStore", () => {
  it("all pass on ours", async () => {
    const ours = await runBaseStoreCases(relevo);
    expect(ours.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
  });

  it("fail on a store that does nothing", async () => {
    const idle = await runBaseStoreCases({
      create: () =>
        Object.assign(new InMemoryStore(), {
          batch: async (operations: unknown[]) => operations.map(() => null),
        }) as never,
    });
    const failed = idle.filter(({ outcome }) => outcome === "failed").length;
    expect(failed).toBeGreaterThan(15);
  });
});

describe("bad input", () => {
  const store = new RelevoStore({ store: createMemoryStore(), tenant: "acme" });

  it.each([
    ["no options", undefined, "options"],
    ["no store", { tenant: "acme" }, "options.store"],
    ["no tenant", { store: createMemoryStore() }, "options.tenant"],
    ["an unknown option", { store: createMemoryStore(), tenant: "a", ttl: 5 }, "options.ttl"],
    ["a lifetime of zero", { store: createMemoryStore(), tenant: "a", ttlMs: 0 }, "options.ttlMs"],
    [
      "a root that is taken",
      { store: createMemoryStore(), tenant: "a", root: "relevo:user" },
      "options.root",
    ],
    ["a recall that is none", { store: createMemoryStore(), tenant: "a", recall: {} }, "options.recall"],
  ])("is refused: %s", (_, options, field) => {
    let error: unknown;
    try {
      new RelevoStore(options as never);
    } catch (caught) {
      error = caught;
    }
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
    expect((error as MemoryError).details.field).toBe(field);
  });

  it.each([
    ["no operation", null, "operations[0]"],
    ["a key that is none", { namespace: ["a"], key: 5 }, "operations[0].key"],
    ["no namespace", { key: "k", value: {} }, "operations[0].namespace"],
    ["a label of LangGraph", { namespace: ["langgraph"], key: "k", value: {} }, "operations[0].namespace"],
    ["an array as value", { namespace: ["a"], key: "k", value: [] }, "operations[0].value"],
    [
      "an index that is none",
      { namespace: ["a"], key: "k", value: {}, index: "title" },
      "operations[0].index",
    ],
    ["a negative limit", { namespacePrefix: ["a"], limit: -1 }, "operations[0].limit"],
    ["a broken offset", { namespacePrefix: ["a"], offset: 0.5 }, "operations[0].offset"],
    ["an undefined condition", { namespacePrefix: ["a"], filter: { n: undefined } }, "filter.n"],
    ["a depth of zero", { matchConditions: [], maxDepth: 0, limit: 1, offset: 0 }, "operations[0].maxDepth"],
  ])("is refused, and says where: %s", async (_, operation, field) => {
    const error = await store.batch([operation] as never).catch((caught: unknown) => caught);
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
    expect((error as MemoryError).details.field).toBe(field);
  });

  it("a query without a recall says what to do", async () => {
    const error = await store.search(["a"], { query: "dog" }).catch((caught: unknown) => caught);
    expect(MemoryError.isInstance(error, "unsupported")).toBe(true);
    expect((error as Error).message).toContain("storeDocuments()");
  });

  it("a query that is answered in part tells so, each time, or warns once", async () => {
    const recall = { search: async () => ({ hits: [], missing: ["vectors"] as const }) };
    const told: string[] = [];
    const onError = ({ code, message, details }: MemoryError) =>
      told.push(`${code} ${message} ${JSON.stringify(details)}`);
    const options = { store: createMemoryStore(), tenant: "acme", recall };
    const telling = new RelevoStore({ ...options, onError });
    for (let n = 0; n < 2; n++) expect(await telling.search(["a"], { query: "dog" })).toEqual([]);
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(/^unavailable .*without vectors.*"missing":\["vectors"\]/u);
    const warned: Error[] = [];
    const note = (warning: Error) => warned.push(warning);
    process.on("warning", note);
    const silent = new RelevoStore(options);
    for (let n = 0; n < 2; n++) await silent.search(["a"], { query: "dog" });
    // Warnings are emitted in the next tick.
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    expect(warned.map(({ name }) => name)).toEqual(["RelevoWarning"]);
  });
});
