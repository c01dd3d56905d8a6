import { type Declarations, declare, noDeclarations } from "./declarations.ts";
import { SourceError } from "./source-error.ts";

/** Text, or the name of an include that stands there as it is. */
export type Piece = { readonly text: string } | { readonly include: string };

/** A source with its includes and definitions put in. */
export interface Expanded {
  readonly pieces: readonly Piece[];
  readonly declarations: Declarations;
  /** Names in `{{…}}` that nothing in the sources defines, in the order of their first use. */
  readonly parameters: readonly string[];
}

/** The texts of a folder by name: those that become exports, and those of `include/`. */
export interface Sources {
  readonly extension: string;
  readonly exported: ReadonlyMap<string, string>;
  readonly includes: ReadonlyMap<string, string>;
}

type Definitions = ReadonlyMap<string, string>;

const includePattern = /^\s*-- #include ([\w-]+)(?:\((.*)\))?\s*$/u;
const definePattern = /^\s*-- #define (\w+) = (.+)$/u;
const placeholder = /\{\{(\w+)\}\}/gu;

/**
 * Puts includes and definitions into a source. Directives stand on lines of their own:
 * `-- #include name`, `-- #include name(placeholder = "text", …)`, `-- #define placeholder = text`.
 *
 * @throws SourceError
 */
export function expand(sources: Sources, name: string, text: string): Expanded {
  const declarations = noDeclarations();
  const parameters = new Set<string>();
  const pathOf = (file: string, included: boolean): string =>
    `${included ? "include/" : ""}${file}.${sources.extension}`;

  function walk(
    body: string,
    path: string,
    inherited: Definitions,
    trail: readonly string[],
  ): { readonly pieces: Piece[]; readonly defined: Definitions } {
    const defined = new Map(inherited);
    const pieces: Piece[] = [];
    for (const [index, line] of body.split("\n").entries()) {
      const place = index + 1;
      const define = definePattern.exec(line);
      if (define !== null) {
        defined.set(define[1] ?? "", fill(define[2] ?? "", defined, parameters));
        continue;
      }
      if (declare(declarations, line, path, place)) {
        for (const [constant, value] of declarations.constants) defined.set(constant, `${value}`);
        continue;
      }
      const include = includePattern.exec(line);
      if (include === null) {
        if (/^\s*-- #/u.test(line)) throw new SourceError(path, place, `unknown directive: ${line.trim()}`);
        pieces.push({ text: `${fill(line, defined, parameters)}\n` });
        continue;
      }
      const [, file = "", given] = include;
      const inner = sources.includes.get(file);
      if (inner === undefined)
        throw new SourceError(path, place, `there is no include/${file}.${sources.extension}`);
      if (trail.includes(file)) throw new SourceError(path, place, `"${file}" includes itself`);
      const values = given === undefined ? [] : valuesOf(given, path, place);
      const bound = new Map([
        ...defined,
        ...values.map(([key, value]) => [key, fill(value, defined, parameters)] as const),
      ]);
      const one = walk(inner, pathOf(file, true), bound, [...trail, file]);
      // Definitions of an include hold from there on; what it was called with does not.
      for (const [key, value] of one.defined) if (bound.get(key) !== value) defined.set(key, value);
      // What needs nothing from outside is in the module once, and is referred to.
      const isWhole = expandInclude(sources, file).parameters.length === 0;
      if (one.pieces.length > 0) pieces.push(...(isWhole ? [{ include: file }] : one.pieces));
    }
    return { pieces, defined };
  }

  const { pieces } = walk(text.replace(/\n+$/u, ""), pathOf(name, false), new Map(), []);
  return { pieces: joinTexts(pieces), declarations, parameters: [...parameters] };
}

/** The text of an include that can stand anywhere as it is, with the includes in it. */
export function expandInclude(sources: Sources, name: string): Expanded {
  return expand(sources, name, sources.includes.get(name) ?? "");
}

function fill(line: string, defined: Definitions, parameters: Set<string>): string {
  return line.replace(placeholder, (whole, name: string) => {
    const value = defined.get(name);
    if (value === undefined) parameters.add(name);
    return value ?? whole;
  });
}

function valuesOf(text: string, path: string, place: number): readonly (readonly [string, string])[] {
  const pattern = /\s*(\w+) = ("(?:[^"\\]|\\.)*")\s*(?:,|$)/uy;
  const values: (readonly [string, string])[] = [];
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null)
      throw new SourceError(path, place, `values are \`name = "text", …\`, not \`${text}\``);
    values.push([match[1] ?? "", JSON.parse(match[2] ?? '""') as string]);
  }
  return values;
}

function joinTexts(pieces: readonly Piece[]): readonly Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if ("text" in piece && last !== undefined && "text" in last)
      joined[joined.length - 1] = { text: last.text + piece.text };
    else joined.push(piece);
  }
  return joined;
}
