import type { SourceFile } from "./source-files.ts";

const maxLines = 400;
const maxTestLines = 600;

/** Files that are too long to be read in one go: above 400 lines, tests above 600. Generated ones are not read. */
export function checkFileLength(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path, lines }) => {
    if (path.endsWith(".generated.ts")) return [];
    const limit = path.startsWith("test/") ? maxTestLines : maxLines;
    return lines > limit ? [`${path} has ${lines} lines, at most ${limit} are allowed`] : [];
  });
}
