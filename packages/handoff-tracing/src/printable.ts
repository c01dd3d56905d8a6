// Everything that a terminal, a log viewer or an eye could take for something else than text: control characters
// (ANSI escapes begin with one), line and paragraph separators, marks that turn the direction of writing, and
// characters without width, invisible tags among them.
const deceptive =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

const shortForms: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * A text from a stranger as one line that can do no harm: what a terminal would obey is shown as an escape, and
 * what is longer than `maxLength` characters is cut. Agents choose their own names, and users write reasons.
 */
export function printable(text: string, maxLength: number): string {
  const characters = Array.from(text.slice(0, maxLength * 2 + 2));
  const cut = characters.length > maxLength || text.length > maxLength * 2 + 2;
  const kept = cut ? `${characters.slice(0, maxLength - 1).join("")}…` : characters.join("");
  return kept.toWellFormed().replace(deceptive, (found) => {
    const code = (found.codePointAt(0) ?? 0).toString(16);
    return shortForms[found] ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`);
  });
}

/** A duration for people: `8 ms`, `1.2 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `1 handoff`, `3 handoffs`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
