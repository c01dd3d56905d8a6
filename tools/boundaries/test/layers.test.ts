import { expect, it } from "vitest";
import { isAllowed, layerOf } from "../src/layers.ts";

it.each([
  ["packages/core", "core"],
  ["packages/store-redis", "store"],
  ["packages/store-conformance", "kit"],
  ["packages/store-layers", "feature"],
  ["packages/memory", "feature"],
  ["packages/messages", "messages"],
  ["packages/truncation", "conversation"],
  ["packages/handoff-tracing", "conversation"],
  ["packages/something-new", "feature"],
  ["packages/langchain-adapter", "adapter"],
  ["packages/cli", "adapter"],
  ["apps/lead-pipeline", "app"],
  ["tools/bench", "tool"],
])("%s is of the layer %s", (folder, layer) => {
  expect(layerOf(folder)).toBe(layer);
});

it.each([
  ["store", "core"],
  ["feature", "core"],
  ["kit", "core"],
  ["messages", "core"],
  ["conversation", "messages"],
  ["adapter", "core"],
  ["adapter", "messages"],
  ["adapter", "feature"],
  ["app", "store"],
  ["app", "adapter"],
  ["tool", "store"],
] as const)("%s may import %s", (from, to) => {
  expect(isAllowed(from, to, false)).toBe(true);
});

it.each([
  ["core", "feature"],
  ["store", "store"],
  ["store", "feature"],
  ["feature", "feature"],
  ["feature", "store"],
  ["messages", "feature"],
  ["feature", "messages"],
  ["store", "messages"],
  ["conversation", "conversation"],
  ["conversation", "feature"],
  ["kit", "store"],
  ["adapter", "store"],
  ["adapter", "adapter"],
  ["app", "app"],
  ["app", "tool"],
  ["tool", "app"],
] as const)("%s may not import %s", (from, to) => {
  expect(isAllowed(from, to, false)).toBe(false);
});

it("lets tests use the kit, the tools and a store, those of features other features, and nothing else beyond", () => {
  expect(isAllowed("store", "kit", true)).toBe(true);
  expect(isAllowed("feature", "store", true)).toBe(true);
  expect(isAllowed("feature", "tool", true)).toBe(true);
  expect(isAllowed("feature", "feature", true)).toBe(true);
  expect(isAllowed("store", "feature", true)).toBe(false);
  expect(isAllowed("store", "app", true)).toBe(false);
});
