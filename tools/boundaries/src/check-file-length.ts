import type { SourceFile } from "./source-files.ts";

const maxLines = 400;
const maxTestLines = 600;

/** Files that are too long to be read in one go: above 400 lines, tests above 600. */
export function checkFileLength(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path, lines }) => {
    const limit = path.startsWith("test/") ? maxTestLines : maxLines;
    return lines > limit ? [`${path} has ${lines} lines, at most ${limit} are allowed`] : [];
  });
}
