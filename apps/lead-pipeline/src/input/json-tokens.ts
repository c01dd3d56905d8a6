import { printable } from "@relevo/core";

/** Text that is not JSON, with the place where it stops being so. Lines and columns count from 1. */
export class JsonSyntaxError extends Error {
  override readonly name: string = "JsonSyntaxError";
  readonly line: number;
  readonly column: number;

  constructor(problem: string, line: number, column: number) {
    super(problem);
    this.line = line;
    this.column = column;
  }
}

export type JsonToken =
  | { readonly kind: "{" | "}" | "[" | "]" | ":" | "," | "end" }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "value"; readonly value: string | number | boolean | null };

/** Reads the tokens of JSON text one by one. */
export interface JsonTokens {
  /** @throws `JsonSyntaxError` */
  next(): JsonToken;
  /** The line on which the newest token begins. */
  readonly line: number;
  /** The error for the newest token. */
  failure(problem: string): JsonSyntaxError;
}

/** Byte order marks count as white space: files that were put together have them inside. */
export function readJsonTokens(text: string): JsonTokens {
  let at = 0;
  let start = 0;
  let line = 1;
  let lineStart = 0;
  const failAt = (problem: string, position: number): JsonSyntaxError =>
    new JsonSyntaxError(problem, line, position - lineStart + 1);

  const skipSpace = (): void => {
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 10) {
        line++;
        lineStart = at + 1;
      } else if (code !== 32 && code !== 9 && code !== 13 && code !== 0xfeff) return;
    }
  };

  const readString = (): JsonToken => {
    let end = text.indexOf('"', at + 1);
    while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    const raw = text.slice(at, end === -1 ? text.length : end + 1);
    const wrong = wrongInString.exec(raw);
    const place = wrong === null ? at : at + wrong.index;
    // A quote that is never closed is found at the end of its line, where it began to go wrong.
    const lineEnds = wrong !== null && /^\r?\n/.test(raw.slice(wrong.index, wrong.index + 2));
    if (lineEnds || (wrong === null && end === -1)) throw failAt("a string is not closed", at);
    if (wrong !== null) throw failAt(describeWrong(wrong[0]), place);
    at = end + 1;
    return { kind: "string", value: raw.includes("\\") ? unescaped(raw) : raw.slice(1, -1) };
  };

  const readWord = (): JsonToken => {
    word.lastIndex = at;
    const raw = word.exec(text)?.[0] ?? "";
    if (raw === "") throw failAt(`${shown(text, at)} cannot stand here`, at);
    const literal = literals.get(raw);
    const value = literal === undefined && number.test(raw) ? exactNumber(raw) : literal;
    if (value === undefined) throw failAt(`${printable(raw.slice(0, 20))} is no value`, at);
    at += raw.length;
    return { kind: "value", value };
  };

  return {
    get line() {
      return line;
    },
    failure: (problem) => failAt(problem, start),
    next() {
      skipSpace();
      start = at;
      const character = text[at];
      switch (character) {
        case undefined:
          return { kind: "end" };
        case "{":
        case "}":
        case "[":
        case "]":
        case ":":
        case ",":
          at++;
          return { kind: character };
        case '"':
          return readString();
        default:
          return readWord();
      }
    },
  };
}

const literals: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const word = /[-+.\w]*/y;
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/**
 * The number, or its text where a number of JavaScript would be another one: ids are often longer than 2^53, and two
 * of them must not become one.
 */
function exactNumber(raw: string): number | string {
  const value = Number(raw);
  if (String(value) === raw) return value;
  const digits = raw
    .replace(/[eE].*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+/, "");
  const exact = Number.isFinite(value) && digits.length <= 15 && (value !== 0 || digits === "");
  return exact ? value : raw;
}

/** Whether an odd number of backslashes stands before the quote. */
function isEscaped(text: string, quote: number): boolean {
  let first = quote;
  while (text[first - 1] === "\\") first--;
  return (quote - first) % 2 === 1;
}

function unescaped(raw: string): string {
  const value: unknown = JSON.parse(raw);
  return typeof value === "string" ? value : raw;
}

/** What JSON wants escaped, and a backslash that escapes nothing. */
const wrongInString = /(?![\u007f-\u009f])\p{Cc}|(?<!\\)(?:\\\\)*\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})/u;

function describeWrong(found: string): string {
  const code = found.charCodeAt(0);
  return code < 32
    ? `the control character U+${code.toString(16).toUpperCase().padStart(4, "0")} must be written as an escape`
    : "a backslash begins no escape";
}

function shown(text: string, at: number): string {
  return printable(String.fromCodePoint(text.codePointAt(at) ?? 0));
}
