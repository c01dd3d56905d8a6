/**
 * What a terminal, a log viewer or a reader could take for something other than text: control characters of both
 * sets (an escape sequence may begin with U+001B or with U+009B), line and paragraph separators, lone surrogates,
 * marks that turn the direction of writing, and characters that are not seen at all.
 *
 * Kept are format characters that are visible (the Arabic number signs), and invisible ones in the places where
 * writing needs them: joiners inside emoji and between letters of scripts that join, a variation selector directly
 * behind what it selects. Anywhere else they hide text from a reader.
 */
const unprintable = new RegExp(
  [
    // Joiners: what they join stands on both sides.
    "(?<=\\p{Extended_Pictographic}[\\ufe0f\\u{1f3fb}-\\u{1f3ff}]?)\\u200d(?=\\p{Extended_Pictographic})",
    `(?<=${joining()})[\\u200c\\u200d](?=${joining()})`,
    "(?<=\\p{Emoji})[\\ufe0e\\ufe0f]",
    "(?<=\\p{L})[\\u180b-\\u180d\\u180f\\ufe00-\\ufe0d\\u{e0100}-\\u{e01ef}]",
    "[\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u{110bd}\\u{110cd}]",
    // The only group: a match without it is one of the exceptions above.
    "([\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}])",
  ].join("|"),
  "gu",
);

/** A letter or mark of the scripts in which joiners choose between two spellings. */
function joining(): string {
  const scripts =
    "Arabic Syriac Mongolian Nko Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Khmer Myanmar Tibetan";
  return `[${scripts
    .split(" ")
    .map((script) => `\\p{Script_Extensions=${script}}`)
    .join("")}]`;
}

/**
 * The text as one line that is safe to print, to log and to read, whoever wrote it. Each character that is not
 * printable is replaced by what `replace` makes of it: a visible escape such as `\n`, `\u009b` or `\u{e0041}` when
 * it is left out, nothing when it answers `""`. Everything else stays as it is. Linear in the text.
 *
 * It does not cut, and does not isolate text that is written from right to left.
 *
 * @example
 * ```ts
 * console.error(`No such file: ${printable(name)}`);
 * ```
 */
export function printable(text: string, replace: (character: string) => string = escapeOf): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text.replace(unprintable, (found, bad: string | undefined) =>
    bad === undefined ? found : replace(bad),
  );
}

const shortForms: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return shortForms[character] ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`);
}
