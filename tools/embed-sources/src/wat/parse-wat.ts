import { SourceError } from "../source-error.ts";

/** A word, a string, or a list in brackets, with the line on which it starts. */
export type WatNode =
  | { readonly kind: "word" | "string"; readonly text: string; readonly line: number }
  | { readonly kind: "list"; readonly items: readonly WatNode[]; readonly line: number };

export type WatList = Extract<WatNode, { readonly kind: "list" }>;

const token = /\s+|;;[^\n]*|[()]|"(?<string>[^"\\\n]*)"|(?<word>[^\s()";]+)/uy;

/**
 * The one list that a WebAssembly text consists of. Strings have no escapes, and comments start with `;;`.
 *
 * @throws SourceError with the line.
 */
export function parseWat(path: string, text: string): WatList {
  const open: { readonly items: WatNode[]; readonly line: number }[] = [{ items: [], line: 1 }];
  let line = 1;
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    if (found === null) throw new SourceError(path, line, "has a character that cannot stand here.");
    const [whole] = found;
    const { string, word } = found.groups ?? {};
    const level = open.at(-1);
    if (whole === "(") open.push({ items: [], line });
    else if (whole === ")") {
      const closed = open.pop();
      const outer = open.at(-1);
      if (closed === undefined || outer === undefined) throw new SourceError(path, line, "closes nothing.");
      outer.items.push({ kind: "list", ...closed });
    } else if (string !== undefined) level?.items.push({ kind: "string", text: string, line });
    else if (word !== undefined) level?.items.push({ kind: "word", text: word, line });
    line += whole.split("\n").length - 1;
  }
  if (open.length > 1) throw new SourceError(path, open.at(-1)?.line, "is never closed.");
  const [module, more] = open[0]?.items ?? [];
  if (module?.kind !== "list" || more !== undefined)
    throw new SourceError(path, more?.line ?? 1, "must be one (module …).");
  return module;
}
