import { MemoryError } from "@relevo/core";
import { expect, it } from "vitest";
import { createTransformersEmbedder } from "../src/index.ts";

// Loud where it cannot run: the library is an optional peer that is not installed here, and the model is a download.
it("transformers.js puts like meanings near each other", async (context) => {
  await using embedder = createTransformersEmbedder();
  let vectors: readonly (readonly number[])[];
  try {
    vectors = await embedder.embed(["A cat sleeps.", "A kitten naps.", "Invoices are due."]);
  } catch (error) {
    const isMissing =
      MemoryError.isInstance(error, "unsupported") || MemoryError.isInstance(error, "unavailable");
    if (!isMissing) throw error;
    console.warn(`Skipped: ${error.message}`);
    context.skip(error.message);
    return;
  }
  const [cat = [], kitten = [], invoices = []] = vectors;
  const near = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, number, at) => sum + number * (b[at] ?? 0), 0);
  expect(near(cat, kitten)).toBeGreaterThan(near(cat, invoices) + 0.2);
});
