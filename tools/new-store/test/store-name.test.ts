import { expect, it } from "vitest";
import { nameProblem, pascalCase } from "../src/store-name.ts";

it.each(["redis", "cloudflare-kv", "s3", "a1-b2"])("accepts %s", (name) => {
  expect(nameProblem(name)).toBeUndefined();
});

it.each([
  "",
  "Redis",
  "1st",
  "a_b",
  "a--b",
  "-a",
  "a-",
  "../core",
  "a/b",
  "a b",
  "ä",
  "store-redis",
  "conformance",
  "layers",
  "a".repeat(41),
])("refuses %j and says why", (name) => {
  expect(nameProblem(name)).toMatch(/\.$/u);
});

it("makes the name that types and functions carry", () => {
  expect(pascalCase("cloudflare-kv")).toBe("CloudflareKv");
});
