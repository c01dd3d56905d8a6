import type { JsonValue } from "@relevo/core";
import { type JsonToken, readJsonTokens } from "./json-tokens.ts";

/** Deeper values are refused: what is done with them later may go down level by level. */
export const maxJsonDepth = 64;

/** Members of an object in the order of the text; a name may come twice. */
export type Members = readonly (readonly [name: string, value: JsonValue])[];

/** A value that may be a lead. */
export interface JsonRow {
  /** Where it begins, from 1. */
  readonly line: number;
  /** Its position in the array it belongs to, from 1. */
  readonly element?: number;
  /** The members of an object, or what it is instead. */
  readonly content: { readonly members: Members } | { readonly value: JsonValue };
}

const closing = { "{": "}", "[": "]" } as const;

interface Frame {
  readonly kind: "{" | "[";
  readonly line: number;
  readonly members: [name: string, value: JsonValue][];
  readonly items: JsonValue[];
  name: string | undefined;
}

/**
 * The values of a JSON text that holds one value or several, one behind another, with white space or a comma in
 * between. With `arrays: "elements"` an array stands for what it holds. Numbers that JavaScript cannot hold exactly
 * are texts. Linear, and without recursion.
 *
 * @throws `JsonSyntaxError`
 */
export function parseJsonText(text: string, arrays: "elements" | "values"): readonly JsonRow[] {
  const tokens = readJsonTokens(text);
  const rows: JsonRow[] = [];
  const open: Frame[] = [];
  let inArray = false;
  let element = 0;
  /** The first token of a value that the next round of the loop reads. */
  let valueToken: JsonToken | undefined;

  const isRow = (): boolean => open.length === (inArray ? 1 : 0);
  const addRow = (line: number, content: JsonRow["content"]): void => {
    rows.push(inArray ? { line, element: ++element, content } : { line, content });
  };
  /** Puts a value where the text has it. */
  const place = (value: JsonValue, line: number): void => {
    const frame = open.at(-1);
    if (isRow()) addRow(line, { value });
    else if (frame?.kind === "[") frame.items.push(value);
    else if (frame?.name !== undefined) frame.members.push([frame.name, value]);
  };
  const close = (frame: Frame): void => {
    open.pop();
    if (frame.kind === "[" && inArray && open.length === 0) inArray = false;
    else if (frame.kind === "{" && isRow()) addRow(frame.line, { members: frame.members });
    else place(frame.kind === "[" ? frame.items : objectOf(frame.members), frame.line);
  };

  const readName = (frame: Frame, token: JsonToken): void => {
    if (token.kind !== "string") throw tokens.failure('a name in quotes or "}" is missing');
    frame.name = token.value;
    if (tokens.next().kind !== ":") throw tokens.failure('":" is missing behind the name');
  };
  const readValue = (token: JsonToken): void => {
    if (token.kind === "string" || token.kind === "value") place(token.value, tokens.line);
    else if (token.kind === "{" || token.kind === "[") openContainer(token.kind);
    else throw tokens.failure(missing("a value", token));
  };
  const openContainer = (kind: Frame["kind"]): void => {
    if (open.length === maxJsonDepth) throw tokens.failure(`it is deeper than ${maxJsonDepth} levels`);
    if (kind === "[" && open.length === 0 && arrays === "elements") {
      inArray = true;
      element = 0;
    }
    const frame: Frame = { kind, line: tokens.line, members: [], items: [], name: undefined };
    open.push(frame);
    const first = tokens.next();
    if (first.kind === closing[kind]) close(frame);
    else if (kind === "[") valueToken = first;
    else {
      readName(frame, first);
      valueToken = tokens.next();
    }
  };

  for (;;) {
    const token = valueToken ?? tokens.next();
    const frame = open.at(-1);
    if (valueToken !== undefined) {
      valueToken = undefined;
      readValue(token);
    } else if (frame === undefined) {
      if (token.kind === "end") return rows;
      if (token.kind !== "," || rows.length === 0) readValue(token);
    } else if (token.kind === closing[frame.kind]) close(frame);
    else if (token.kind !== ",") {
      throw tokens.failure(missing(`"," or "${closing[frame.kind]}"`, token));
    } else {
      if (frame.kind === "{") readName(frame, tokens.next());
      valueToken = tokens.next();
    }
  }
}

function missing(what: string, found: JsonToken): string {
  return found.kind === "end" ? `the text ends where ${what} is missing` : `${what} is missing`;
}

/** An object with a member for each name: the first that holds something. `__proto__` is a name like others. */
function objectOf(members: Members): { [name: string]: JsonValue } {
  const object: { [name: string]: JsonValue } = {};
  for (const [name, value] of members) {
    const earlier = Object.hasOwn(object, name) ? object[name] : undefined;
    if (earlier !== undefined && earlier !== null && earlier !== "") continue;
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}
