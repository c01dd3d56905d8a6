import { expect, it } from "vitest";
import { describeDifferences, runBaseStoreCases } from "../src/conformance/index.ts";
import { langGraph, relevo } from "./support/base-stores.ts";

/** Of the release that is installed here: a newer one may do better. */
it("the cases for a BaseStore print where LangGraph's store in memory differs from ours", async () => {
  const ours = await runBaseStoreCases(relevo);
  const theirs = await runBaseStoreCases(langGraph);
  const differences = describeDifferences({ Relevo: ours, InMemoryStore: theirs });
  console.log(differences.join("\n"));
  expect(differences).toMatchInlineSnapshot(`
      [
        "what a caller changes after a put or a read changes nothing stored: Relevo passed, InMemoryStore failed",
        "a namespace without items is not listed: Relevo passed, InMemoryStore failed",
        "a prefix matches whole elements of a namespace: Relevo passed, InMemoryStore failed",
        "namespaces and keys are never joined: a:b is not a, b: Relevo passed, InMemoryStore failed",
        "a filter says whether a field exists: Relevo passed, InMemoryStore failed",
        "a filter compares objects and arrays by what they hold: Relevo passed, InMemoryStore failed",
        "a filter orders numbers with numbers, and texts with texts: Relevo passed, InMemoryStore failed",
        "a filter with an unknown operator is refused: Relevo passed, InMemoryStore failed",
        "a batch answers in the order of its operations, and reads see what was there before it: Relevo passed, InMemoryStore failed",
        "a batch with a value that is no JSON is refused, and nothing of it is stored: Relevo passed, InMemoryStore failed",
        "a batch with a namespace without elements is refused: Relevo passed, InMemoryStore failed",
        "a second handle sees what the first one wrote: Relevo passed, InMemoryStore not offered",
        "nothing of one tenant is found by another: Relevo passed, InMemoryStore not offered",
        "an item expires after its lifetime, which a read starts anew: Relevo passed, InMemoryStore not offered",
        "a query ranks items by what is indexed, within prefix and filter: Relevo passed, InMemoryStore failed",
        "an item says by which of its fields it is found, or that it is not: Relevo passed, InMemoryStore failed",
      ]
    `);
});
