import type { Argument, Declarations } from "./declarations.ts";

/** Lua that gives each declared key, argument, list and constant its name. */
export function luaHeader({ keys, arguments: scalars, lists, constants }: Declarations): string {
  const lines: string[] = [];
  for (const [name, value] of constants) lines.push(`local ${name} = ${value}`);
  if (keys.length > 0) {
    const names = keys.map(({ name }) => keyName(name)).join(", ");
    lines.push(`local ${names} = ${keys.map((_, index) => `KEYS[${index + 1}]`).join(", ")}`);
  }
  if (scalars.length > 0) {
    const names = scalars.map(({ name }) => name).join(", ");
    lines.push(
      `local ${names} = ${scalars.map((one, index) => readArgument(one, `${index + 1}`)).join(", ")}`,
    );
  }
  // The length of each list but the last is an argument of its own.
  let from = `${scalars.length + Math.max(0, lists.length - 1)}`;
  for (const [index, { name, fields }] of lists.entries()) {
    const width = Math.max(1, fields.length);
    const isLast = index === lists.length - 1;
    const rest = width === 1 ? `#ARGV - ${name}From` : `(#ARGV - ${name}From) / ${width}`;
    lines.push(
      `local ${name}From = ${from}`,
      `local ${name}Count = ${isLast ? rest : `tonumber(ARGV[${scalars.length + index + 1}])`}`,
    );
    if (fields.length > 0) {
      const values = fields.map((field, place) => readArgument(field, `at + ${place + 1}`)).join(", ");
      lines.push(
        `local function ${name}At(index)`,
        `  local at = ${name}From + (index - 1) * ${width}`,
        `  return ${values}`,
        "end",
      );
    }
    from = width === 1 ? `${name}From + ${name}Count` : `${name}From + ${name}Count * ${width}`;
  }
  return lines.map((line) => `${line}\n`).join("");
}

function readArgument({ type, optional }: Argument, place: string): string {
  const text = `ARGV[${place}]`;
  // The number of an empty text is nil.
  if (type === "number") return `tonumber(${text})`;
  if (type === "boolean") return `${text} == '1'`;
  return optional ? `${text} ~= '' and ${text} or nil` : text;
}

/** How a key is called in Lua: `documentOrder` is DOCUMENT_ORDER. */
export function keyName(name: string): string {
  return name.replace(/[A-Z]/gu, (letter) => `_${letter}`).toUpperCase();
}
