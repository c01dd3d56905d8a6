import { stripVTControlCharacters } from "node:util";

/**
 * A foreign text as one harmless line: escapes, control and direction characters are taken out, line breaks become
 * spaces, stacks of combining marks are cut. What is left can move no cursor and reorder no column.
 */
export function oneLine(text: string): string {
  const line = stripVTControlCharacters(text.toWellFormed())
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    // The joiner and the variation selector stay: they hold emoji together.
    .replace(/(?![\u200d])\p{Cf}/gu, "")
    .replace(/(\p{M}{2})\p{M}+/gu, "$1")
    .trim();
  // A bidirectional terminal would carry the right-to-left run on into the next column.
  return rightToLeft.test(line) ? `\u2068${line}\u2069` : line;
}

const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Columns that a terminal gives to the text. */
export function displayWidth(text: string): number {
  // Nearly all texts: every character one column.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

function graphemeWidth(grapheme: string): number {
  if (/^[\p{M}\p{Cf}\u2068\u2069]+$/u.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}

const wide =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** The text in exactly so many columns: cut with an ellipsis, or filled with spaces on the right (or the left). */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const cut = cutTo(text, width);
  const fill = " ".repeat(Math.max(0, width - displayWidth(cut)));
  return align === "left" ? cut + fill : fill + cut;
}

/** The text in at most so many columns. */
export function cutTo(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let cut = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = graphemeWidth(segment);
    if (used + next > width - 1) break;
    cut += segment;
    used += next;
  }
  // An isolate that was opened before the cut has to be closed after it.
  const close = cut.includes("\u2068") && !cut.includes("\u2069") ? "\u2069" : "";
  return `${cut.trimEnd()}…${close}`;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Paint = (style: Style, text: string) => string;

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const satisfies Record<Style, readonly [number, number]>;

/** Paints, or leaves texts as they are: on a terminal only, and never against `NO_COLOR` (https://no-color.org). */
export function createPaint(
  stream: { readonly isTTY?: boolean },
  environment: { readonly [name: string]: string | undefined },
): Paint {
  const enabled = stream.isTTY === true && (environment.NO_COLOR ?? "") === "" && environment.TERM !== "dumb";
  if (!enabled) return (_style, text) => text;
  return (style, text) => `\u001b[${codes[style][0]}m${text}\u001b[${codes[style][1]}m`;
}
