/** One block of code in a document, ready to be compiled. */
export interface Snippet {
  /** Document, relative to the workspace. */
  readonly document: string;
  /** Line of the document on which the code begins, from 1. */
  readonly line: number;
  readonly code: string;
  /** False for a block that is compiled only, marked `ts no-run`. */
  readonly run: boolean;
  /** What it must print, where the document says so. */
  readonly output?: string;
}

interface Fence {
  readonly info: string;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly content: string;
}

/**
 * The TypeScript blocks of a Markdown text. What a block prints is said by a `text` block that follows it, with at
 * most one paragraph between, or by comments `// prints: …` in the order of the lines.
 */
export function extractSnippets(document: string, markdown: string): readonly Snippet[] {
  const lines = markdown.split("\n");
  const fences = findFences(lines);
  return fences.flatMap((fence, index) => {
    const [language, mark] = fence.info.split(/\s+/u);
    if (language !== "ts" && language !== "typescript") return [];
    const output = outputAfter(fence, fences[index + 1], lines) ?? printedBy(fence.content);
    return [
      {
        document,
        line: fence.firstLine,
        code: fence.content,
        run: mark !== "no-run",
        ...(output === undefined ? {} : { output }),
      },
    ];
  });
}

function findFences(lines: readonly string[]): readonly Fence[] {
  const fences: Fence[] = [];
  let open: { indent: string; marker: string; info: string; start: number } | undefined;
  for (const [index, line] of lines.entries()) {
    const match = /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/u.exec(line);
    if (match === null) continue;
    const [, indent = "", marker = "", info = ""] = match;
    if (open === undefined) {
      open = { indent, marker, info, start: index };
    } else if (marker.startsWith(open.marker) && info === "") {
      const { indent: cut } = open;
      const content = lines
        .slice(open.start + 1, index)
        .map((text) => text.slice(text.startsWith(cut) ? cut.length : 0));
      fences.push({
        info: open.info,
        firstLine: open.start + 2,
        lastLine: index + 1,
        content: content.join("\n"),
      });
      open = undefined;
    }
  }
  return fences;
}

function outputAfter(fence: Fence, next: Fence | undefined, lines: readonly string[]): string | undefined {
  if (next === undefined || next.info !== "text") return undefined;
  const between = lines
    .slice(fence.lastLine, next.firstLine - 2)
    .join("\n")
    .trim();
  return between.includes("\n\n") || between.startsWith("#") ? undefined : next.content;
}

function printedBy(code: string): string | undefined {
  const printed = [...code.matchAll(/\/\/ prints: (.*)$/gmu)].map((match) => match[1] ?? "");
  return printed.length === 0 ? undefined : printed.join("\n");
}
