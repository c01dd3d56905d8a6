import { stripVTControlCharacters } from "node:util";
import { printable } from "@relevo/core";
import stringWidth from "string-width";

/**
 * A foreign text as one harmless line: escape sequences and what cannot be printed are taken out, line breaks become
 * spaces, stacks of combining marks are cut. What is left can move no cursor and reorder no column.
 */
export function oneLine(text: string): string {
  const spaced = stripVTControlCharacters(text.toWellFormed()).replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ");
  const line = printable(spaced, () => "")
    .replace(/(\p{M}{2})\p{M}+/gu, "$1")
    .trim();
  // A bidirectional terminal would carry the right-to-left run on into the next column.
  return rightToLeft.test(line) ? `\u2068${line}\u2069` : line;
}

const rightToLeft =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** Columns that a terminal gives to the text: two for wide characters and emoji, none for marks. */
export function displayWidth(text: string): number {
  // Nearly all texts: every character one column.
  return /^[\x20-\x7e]*$/.test(text) ? text.length : stringWidth(text);
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The text in exactly so many columns: cut with an ellipsis, or filled with spaces on the right (or the left). */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const cut = cutTo(text, width);
  const fill = " ".repeat(Math.max(0, width - displayWidth(cut)));
  return align === "left" ? cut + fill : fill + cut;
}

/** The text in at most so many columns. */
export function cutTo(text: string, width: number): string {
  if (text.length <= width / 2 || displayWidth(text) <= width) return text;
  const { head } = splitAt(text, width - 1);
  // An isolate that was opened before the cut has to be closed after it.
  const close = head.includes("\u2068") && !head.includes("\u2069") ? "\u2069" : "";
  return `${head.trimEnd()}…${close}`;
}

/**
 * The text in lines of at most `width` columns, broken at spaces where there are any. Lines after the first begin
 * with `indent`; what does not fit into `maxLines` is cut. One line when the width is `Infinity`.
 */
export function wrap(text: string, width: number, indent: string, maxLines: number): string {
  // Isolates would be torn apart.
  if (text.includes("\u2068") || width <= indent.length + 1) return cutTo(text, width);
  const lines: string[] = [];
  let rest = text;
  while (lines.length + 1 < maxLines && displayWidth(rest) > width) {
    const { head } = splitAt(rest, width);
    const space = head.lastIndexOf(" ");
    const leading = /^[ └│├─]*/u.exec(head)?.[0].length ?? 0;
    const end = rest[head.length] === " " || space < leading ? head.length : space;
    lines.push(rest.slice(0, end).trimEnd());
    rest = indent + rest.slice(end).trimStart();
  }
  return [...lines, cutTo(rest, width)].join("\n");
}

/** As many whole characters as fit, one at least where the width is one or more. */
function splitAt(text: string, width: number): { readonly head: string } {
  let end = 0;
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += displayWidth(segment);
    if (used > width) break;
    end += segment.length;
  }
  return { head: text.slice(0, end) };
}
