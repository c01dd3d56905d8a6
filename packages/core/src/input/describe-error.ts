import { printable } from "../printable.ts";

/** What an error says, cut to a bound and in a form that every store takes. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

const maxTextLength = 2000;

/**
 * Name, message and code of whatever was thrown. It never throws: errors may have getters, proxies and conversions that
 * do, and a failure must be recorded and reported all the same.
 */
export function describeError(error: unknown): ErrorDescription {
  try {
    if (typeof error !== "object" || error === null)
      return { name: typeof error, message: storableText(String(error)) };
    const { name, message, code } = error as { name?: unknown; message?: unknown; code?: unknown };
    return {
      name: typeof name === "string" && name !== "" ? storableText(name) : "Error",
      message: typeof message === "string" ? storableText(message) : "",
      ...(typeof code === "string" ? { code: storableText(code) } : {}),
    };
  } catch {
    return { name: typeof error, message: "What was thrown could not be read." };
  }
}

/** The error as one line that is safe to print: `Name: message`. It never throws. */
export function errorLine(error: unknown): string {
  const { name, message } = describeError(error);
  const isObject = typeof error === "object" && error !== null;
  return printable(isObject ? (message === "" ? name : `${name}: ${message}`) : message);
}

/** A foreign text cut to 2,000 characters, without what stores refuse: NUL and lone surrogates. */
export function storableText(text: string): string {
  const cut = text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
  return cut.toWellFormed().replaceAll("\0", "\uFFFD");
}
