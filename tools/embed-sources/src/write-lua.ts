import { createHash } from "node:crypto";
import type { Argument, Declarations } from "./declarations.ts";
import { type Expanded, expandInclude, type Sources } from "./expand.ts";
import { luaHeader } from "./lua-header.ts";
import { SourceError } from "./source-error.ts";
import { camelCase, piecesOf, quote } from "./typescript-text.ts";

const scriptType = `/** A Lua script: callers pass keys and arguments by name. */
export interface EmbeddedScript<Keys, Arguments> {
  readonly source: string;
  /** The SHA-1 of the source, by which a server knows the script. */
  readonly sha: string;
  /** False for scripts that only read. */
  readonly writes: boolean;
  keys(keys: Keys): string[];
  arguments(values: Arguments): string[];
}
`;

/** The exports of a folder of Lua: one script for each file, one number for each constant. */
export function writeLua(
  sources: Sources,
  expanded: ReadonlyMap<string, Expanded>,
  includes: readonly string[],
): string {
  const constants = new Map<string, number>();
  const parts = [scriptType];
  const texts = new Map<string, string>();
  const fullText = ({ pieces }: Expanded): string =>
    pieces.map((piece) => ("text" in piece ? piece.text : textOf(piece.include))).join("");
  function textOf(include: string): string {
    const known = texts.get(include) ?? fullText(expandInclude(sources, include));
    texts.set(include, known);
    return known;
  }
  for (const name of includes)
    parts.push(`const ${camelCase(name)}Text = ${piecesOf(expandInclude(sources, name).pieces)};\n`);
  for (const [name, one] of expanded) {
    const [unknown] = one.parameters;
    if (unknown !== undefined)
      throw new SourceError(`${name}.${sources.extension}`, undefined, `nothing defines {{${unknown}}}`);
    for (const [constant, value] of one.declarations.constants) {
      const known = constants.get(constant);
      if (known !== undefined && known !== value)
        throw new SourceError(
          `${name}.${sources.extension}`,
          undefined,
          `"${constant}" has another value elsewhere`,
        );
      constants.set(constant, value);
    }
    const header = luaHeader(one.declarations);
    const sha = createHash("sha1")
      .update(header + fullText(one))
      .digest("hex");
    const { keys, scalars, lists } = shapesOf(one.declarations);
    parts.push(`export const ${camelCase(name)}: EmbeddedScript<
  { ${keys.join("; ")} },
  { ${[...scalars, ...lists].join("; ")} }
> = {
  source: ${piecesOf([{ text: header }, ...one.pieces])},
  sha: ${quote(sha)},
  writes: ${!one.declarations.readsOnly},
  keys: (keys) => [${keysCode(one.declarations)}],
  arguments: (${argumentsCode(one.declarations) === "" ? "_values" : "values"}) => [${argumentsCode(one.declarations)}],
};
`);
  }
  for (const [name, value] of constants) parts.push(`export const ${name}: number = ${value};\n`);
  return parts.join("\n");
}

function shapesOf({
  keys,
  arguments: scalars,
  lists,
}: Declarations): Record<"keys" | "scalars" | "lists", string[]> {
  const field = ({ name, type, optional }: Argument): string =>
    `readonly ${name}: ${type}${optional ? " | undefined" : ""}`;
  return {
    keys: keys.map(({ name, optional }) => `readonly ${name}: string${optional ? " | undefined" : ""}`),
    scalars: scalars.map(field),
    lists: lists.map(({ name, fields }) => {
      const element = fields.length === 0 ? "string" : `{ ${fields.map(field).join("; ")} }`;
      return `readonly ${name}: readonly ${element}[]`;
    }),
  };
}

function keysCode({ keys }: Declarations): string {
  return keys
    .map(({ name, optional }) =>
      optional ? `...(keys.${name} === undefined ? [] : [keys.${name}])` : `keys.${name}`,
    )
    .join(", ");
}

function argumentsCode({ arguments: scalars, lists }: Declarations): string {
  return [
    ...scalars.map((one) => encode(one, "values")),
    ...lists.slice(0, -1).map(({ name }) => `\`\${values.${name}.length}\``),
    ...lists.map(({ name, fields }) =>
      fields.length === 0
        ? `...values.${name}`
        : `...values.${name}.flatMap((one) => [${fields.map((field) => encode(field, "one")).join(", ")}])`,
    ),
  ].join(", ");
}

function encode({ name, type, optional }: Argument, from: string): string {
  const value = `${from}.${name}`;
  if (type === "boolean") return `${value} ? "1" : "0"`;
  if (type === "number")
    return optional ? `${value} === undefined ? "" : \`\${${value}}\`` : `\`\${${value}}\``;
  return optional ? `${value} ?? ""` : value;
}
