import { printable } from "@relevo/core";
import { describeError, storableText } from "@relevo/core/input";

/** A cause of a cause of a cause … is cut here. */
const maxDepth = 4;
/** Errors of several attempts that one error stands for, such as of every address of a host. */
const maxErrors = 4;

/** What failed, without the secrets of an address. */
export interface SafeFailure {
  /** One line for a message. */
  readonly line: string;
  /** A copy with name, code, message, stack and causes, and without anything else that the failure carried. */
  readonly cause: Error;
}

/**
 * Blanks the secrets of the address in a failure. Drivers repeat addresses in messages, in stacks and in fields, as `input` of
 * the error for a wrong URL, so only what is known to be text is copied.
 */
export function withoutSecrets(failure: unknown, url: string): SafeFailure {
  const secrets = secretsOf(url);
  const blank = (text: string): string =>
    secrets.reduce((result, secret) => result.replaceAll(secret, "…"), text);
  // Blanking every "a" would leave nothing to read, and tell the letter.
  const isReadable = secrets.every(({ length }) => length > 2);
  const copy = (error: unknown, depth: number): Error => {
    const { name, message: short, code } = describeError(error);
    // Blanked before it is cut: half a secret is not found.
    const whole = typeof error === "string" ? error : read(error, "message");
    const message = typeof whole === "string" ? whole : short;
    const several = depth < maxDepth ? readErrors(error) : [];
    const errors = several.map((one) => copy(one, depth + 1));
    const text = message === "" && errors.length > 0 ? errors.map((one) => one.message).join("; ") : message;
    const said = isReadable
      ? storableText(blank(text))
      : "the message of the driver may repeat the password, and is not shown";
    const inner = read(error, "cause");
    const cause = inner === undefined || depth >= maxDepth ? {} : { cause: copy(inner, depth + 1) };
    const result = errors.length > 0 ? new AggregateError(errors, said, cause) : new Error(said, cause);
    const stack = read(error, "stack");
    Object.defineProperties(result, {
      name: { value: blank(name), configurable: true, writable: true },
      stack: {
        value: typeof stack === "string" && isReadable ? blank(stack) : `${blank(name)}: ${said}`,
        configurable: true,
        writable: true,
      },
    });
    return code === undefined ? result : Object.assign(result, { code: blank(code) });
  };
  const cause = copy(failure, 1);
  return { cause, line: printable(`${cause.name}: ${cause.message}`) };
}

/** As long as they are, the longest first: one may be part of another. */
function secretsOf(url: string): readonly string[] {
  const secrets = new Set<string>([url]);
  const add = (text: string | undefined): void => {
    if (text === undefined || text === "") return;
    const plain = decoded(text);
    for (const form of [text, plain, encodeURIComponent(plain.toWellFormed())]) secrets.add(form);
  };
  // By hand, because what is no URL may hold a password too: up to the last @, which a password may contain.
  const userInfo = /^[^:]*:\/\/(.*)@/su.exec(url)?.[1];
  const colon = userInfo?.indexOf(":") ?? -1;
  // A name without a password is a token.
  add(userInfo === undefined ? undefined : userInfo.slice(colon + 1));
  for (const [, name = "", value] of url.matchAll(/[?&]([^=&#]*)=([^&#]*)/gu))
    if (/pass|secret|token|key|credential/iu.test(name)) add(value);
  return [...secrets].sort((left, right) => right.length - left.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What errors carry may be a getter that throws. */
function read(error: unknown, name: "cause" | "stack" | "errors" | "message"): unknown {
  try {
    return typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined;
  } catch {
    return undefined;
  }
}

function readErrors(error: unknown): readonly unknown[] {
  const errors = read(error, "errors");
  return Array.isArray(errors) ? errors.slice(0, maxErrors) : [];
}
