import { expect, it } from "vitest";
import { brokenLinks } from "../src/documents.ts";
import { extractSnippets } from "../src/extract.ts";

const fence = "```";

it("takes TypeScript blocks with the line on which their code begins", () => {
  const markdown = ["# Title", "", `${fence}ts`, "const a = 1;", fence, `${fence}sh`, "ls", fence].join("\n");
  expect(extractSnippets("README.md", markdown)).toEqual([
    { document: "README.md", line: 4, code: "const a = 1;", run: true },
  ]);
});

it("knows a block that is only compiled", () => {
  expect(extractSnippets("a.md", `${fence}ts no-run\nlisten();\n${fence}\n`)).toMatchObject([{ run: false }]);
});

it("reads what a block prints from the text block after it, and from its comments", () => {
  const text = [`${fence}ts`, "a();", fence, "", "It prints:", "", `${fence}text`, "1", "2", fence].join(
    "\n",
  );
  expect(extractSnippets("a.md", text)).toMatchObject([{ output: "1\n2" }]);
  const comments = [`${fence}ts`, "a(); // prints: 1", "b(); // prints: two words", fence].join("\n");
  expect(extractSnippets("a.md", comments)).toMatchObject([{ output: "1\ntwo words" }]);
});

it("does not take a text block further down for the output", () => {
  const text = [`${fence}ts`, "a();", fence, "", "## Other", "", `${fence}text`, "1", fence].join("\n");
  expect(extractSnippets("a.md", text)[0]).not.toHaveProperty("output");
  const paragraphs = [
    `${fence}ts`,
    "a();",
    fence,
    "",
    "One.",
    "",
    "Two.",
    "",
    `${fence}text`,
    "1",
    fence,
  ].join("\n");
  expect(extractSnippets("a.md", paragraphs)[0]).not.toHaveProperty("output");
});

it("takes blocks out of lists without their indentation, and none inside other blocks", () => {
  const list = ["- step", `  ${fence}ts`, "  if (a) {", "    b();", "  }", `  ${fence}`].join("\n");
  expect(extractSnippets("a.md", list)).toMatchObject([{ code: "if (a) {\n  b();\n}" }]);
  const nested = ["````md", `${fence}ts`, "a();", fence, "````"].join("\n");
  expect(extractSnippets("a.md", nested)).toEqual([]);
});

it("finds links to files that are not there, and no others", () => {
  const markdown = "[a](../extract.test.ts) [b](missing.md) [c](https://example.com) [d](#part) `[e](f.md)`";
  expect(brokenLinks(import.meta.dirname, "docs/a.md", markdown)).toEqual([
    "links to missing.md, which does not exist",
  ]);
});
