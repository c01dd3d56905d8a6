import { printable } from "./printable.ts";

/**
 * An element of a prompt, with a line feed behind it. Labels and text are escaped, so that no content can close an element or
 * open one: only what this function writes is markup. Labels are single lines; those that are `undefined` are left out.
 *
 * @param children A text, which is escaped, or elements that this function made.
 */
export function markup(
  name: string,
  labels: Readonly<Record<string, string | undefined>>,
  children: string | readonly string[],
): string {
  const attributes = Object.entries(labels).map(([label, value]) =>
    value === undefined ? "" : ` ${label}="${escaped(printable(value), /[&<>"]/g)}"`,
  );
  const inner = typeof children === "string" ? escaped(children) : `\n${children.join("")}`;
  return `<${name}${attributes.join("")}>${inner}</${name}>\n`;
}

const entities: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
]);

/** Quotation marks end a label alone; in a text they would make JSON long and hard to read. */
function escaped(text: string, signs: RegExp = /[&<>]/g): string {
  return text.replace(signs, (sign) => entities.get(sign) ?? sign);
}
