import { printable as printableText } from "@relevo/core";

/**
 * The text as one line that is safe to print, whoever wrote it, cut to `maxLength` characters. Agents choose their
 * own names, and users write reasons.
 */
export function printable(text: string, maxLength: number): string {
  const characters = Array.from(text.slice(0, maxLength * 2 + 2));
  const cut = characters.length > maxLength || text.length > maxLength * 2 + 2;
  return printableText(cut ? `${characters.slice(0, maxLength - 1).join("")}…` : characters.join(""));
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
