import { type Expanded, expandInclude, type Sources } from "./expand.ts";
import { camelCase, piecesOf } from "./typescript-text.ts";

/** The exports of a folder of SQL: a text for each file, or a function of what its `{{…}}` leave open. */
export function writeSql(
  sources: Sources,
  expanded: ReadonlyMap<string, Expanded>,
  includes: readonly string[],
): string {
  const parts: string[] = [];
  for (const name of includes)
    parts.push(`const ${camelCase(name)}Text = ${piecesOf(expandInclude(sources, name).pieces)};\n`);
  for (const [name, { pieces, parameters }] of expanded) {
    if (parameters.length === 0) {
      parts.push(`export const ${camelCase(name)}: string = ${piecesOf(pieces)};\n`);
      continue;
    }
    const shape = parameters.map((parameter) => `readonly ${parameter}: string`).join("; ");
    const code = piecesOf(pieces, (parameter) => `values.${parameter}`);
    parts.push(`export function ${camelCase(name)}(values: { ${shape} }): string {\n  return ${code};\n}\n`);
  }
  return parts.join("\n");
}
