import type { Piece } from "./expand.ts";

export function camelCase(name: string): string {
  return name.replace(/-(\w)/gu, (_, letter: string) => letter.toUpperCase());
}

export function quote(text: string): string {
  return JSON.stringify(text);
}

/** A template literal of the pieces; `codeOf` gives the code that stands for a `{{…}}`. */
export function piecesOf(pieces: readonly Piece[], codeOf?: (parameter: string) => string): string {
  const code = pieces.map((piece) => {
    if ("include" in piece) return `\${${camelCase(piece.include)}Text}`;
    const escaped = piece.text.replace(/\\|`|\$\{/gu, (special) => `\\${special}`);
    if (codeOf === undefined) return escaped;
    return escaped.replace(/\{\{(\w+)\}\}/gu, (_, parameter: string) => `\${${codeOf(parameter)}}`);
  });
  return `\`${code.join("")}\``;
}
