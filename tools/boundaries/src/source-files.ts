import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { parseSync } from "oxc-parser";

/** One file of a project, with what it imports. */
export interface SourceFile {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly lines: number;
  /** Module specifiers of all imports and re-exports, types and literal dynamic imports included. */
  readonly imports: readonly string[];
}

const sourceName = /\.[cm]?[jt]sx?$/u;
const leftOut = new Set(["node_modules", "dist"]);

/** The source files of a project, build output and hidden folders left out. */
export async function readSourceFiles(folder: string): Promise<readonly SourceFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && sourceName.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !path.split("/").some((part) => leftOut.has(part) || part.startsWith(".")));
  return Promise.all(
    paths.sort().map(async (path) => {
      const text = await readFile(join(folder, path), "utf8");
      return { path, lines: countLines(text), imports: importsOf(path, text) };
    }),
  );
}

/** The module specifiers that a source text imports. @throws Error when it cannot be parsed. */
export function importsOf(path: string, text: string): readonly string[] {
  const { module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors.map(({ message }) => message).join("; ")}`);
  return [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => (moduleRequest ? [moduleRequest.value] : [])),
    ),
    ...module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) =>
      literalOf(text.slice(start, end)),
    ),
  ];
}

/** A dynamic import of a computed name says nothing here. */
function literalOf(expression: string): readonly string[] {
  const match = /^["'`]([^"'`$]+)["'`]$/u.exec(expression);
  return match?.[1] === undefined ? [] : [match[1]];
}

function countLines(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}
