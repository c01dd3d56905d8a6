import { SourceError } from "./source-error.ts";

export interface Key {
  readonly name: string;
  /** An optional key may be left out of a call; it is then no key of the script. */
  readonly optional: boolean;
}

export type ArgumentType = "string" | "number" | "boolean";

export interface Argument {
  readonly name: string;
  readonly type: ArgumentType;
  /** An optional argument is sent as an empty text and is nil in Lua. */
  readonly optional: boolean;
}

/** A list of any length behind the other arguments: of texts, or of records when it has fields. */
export interface List {
  readonly name: string;
  readonly fields: readonly Argument[];
}

/** What a script says about itself in its first comments, those of its includes among them. */
export interface Declarations {
  readonly keys: Key[];
  readonly arguments: Argument[];
  readonly lists: List[];
  readonly constants: Map<string, number>;
  readsOnly: boolean;
}

export function noDeclarations(): Declarations {
  return { keys: [], arguments: [], lists: [], constants: new Map(), readsOnly: false };
}

const namePattern = /^[a-z][A-Za-z0-9]*$/u;

/**
 * Takes in a declaration such as `-- keys: log lease?`. False when the line is none.
 *
 * @throws SourceError for a declaration that has another form.
 */
export function declare(into: Declarations, line: string, path: string, place: number): boolean {
  const match = /^-- (keys|arguments|list|access|constant): (.+)$/u.exec(line);
  if (match === null) return false;
  const [, kind, text = ""] = match;
  const fail = (message: string): never => {
    throw new SourceError(path, place, message);
  };
  const words = text.trim().split(/\s+/u);
  switch (kind) {
    case "keys":
      for (const word of words) addKey(into, word, fail);
      break;
    case "arguments":
      for (const word of words) addOnce(into.arguments, argumentOf(word, fail), fail);
      break;
    case "list": {
      const parts = /^(\w+)(?:\((.+)\))?$/u.exec(text.trim());
      if (parts === null) return fail("A list is `name` or `name(field field …)`.");
      const [, name = "", fields] = parts;
      const list = { name, fields: fields?.split(/\s+/u).map((word) => argumentOf(word, fail)) ?? [] };
      addOnce(into.lists, list, fail);
      break;
    }
    case "access":
      if (text !== "read") return fail("Only `-- access: read` can be declared.");
      into.readsOnly = true;
      break;
    default: {
      const parts = /^(\w+) = (\d+)$/u.exec(text.trim());
      if (parts === null) return fail("A constant is `name = 123`.");
      into.constants.set(parts[1] ?? "", Number(parts[2]));
    }
  }
  return true;
}

type Fail = (message: string) => never;

function addKey(into: Declarations, word: string, fail: Fail): void {
  const optional = word.endsWith("?");
  const name = optional ? word.slice(0, -1) : word;
  if (!namePattern.test(name)) fail(`"${word}" is not a name of a key.`);
  const known = into.keys.some((key) => key.name === name);
  if (!known && !optional && into.keys.at(-1)?.optional) fail("Only the last keys can be optional.");
  addOnce(into.keys, { name, optional }, fail);
}

function argumentOf(word: string, fail: Fail): Argument {
  const parts = /^([a-z][A-Za-z0-9]*)(?::(string|number|boolean))?(\?)?$/u.exec(word);
  if (parts === null)
    return fail(`"${word}" is not an argument: \`name\`, \`name:number\`, \`name:number?\`.`);
  const [, name = "", type = "string", optional] = parts;
  if (type === "boolean" && optional !== undefined) return fail(`"${word}" cannot be optional.`);
  return { name, type: type as ArgumentType, optional: optional !== undefined };
}

/** An include may declare again what the script or another include has declared, in the same way. */
function addOnce<Named extends { readonly name: string }>(list: Named[], one: Named, fail: Fail): void {
  const known = list.find(({ name }) => name === one.name);
  if (known === undefined) list.push(one);
  else if (JSON.stringify(known) !== JSON.stringify(one))
    fail(`"${one.name}" is declared twice, differently.`);
}
