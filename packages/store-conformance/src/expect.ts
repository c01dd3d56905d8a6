import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type JsonValue, MemoryError, type MemoryErrorCode, type Outcome } from "@relevo/core";
import { sleep, withTimeout } from "@relevo/core/input";
import type { CaseContext } from "./harness.ts";

/** Fails with this message when the condition does not hold. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) assert.fail(message);
}

/** Fails unless the two are deeply and strictly equal; `what` names the value in the message. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  try {
    assert.deepStrictEqual(actual, expected);
  } catch {
    assert.fail(`${what}: expected ${show(expected)}, got ${show(actual)}`);
  }
}

/**
 * What is awaited later. A case that fails before that would otherwise leave a rejection that nobody handles, which ends
 * the run of some test runners.
 */
export function inBackground<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}

/** The value, or a failure that names what is missing. */
export function present<Value>(value: Value | undefined, what: string): Value {
  check(value !== undefined, `${what} is missing`);
  return value;
}

/**
 * Fails unless the call is refused with this code and these details. A refusal must say that nothing was applied, unless
 * a part of the call was written before. Returns the error for a closer look.
 */
export async function refuses(
  call: Promise<unknown> | (() => Promise<unknown>),
  code: MemoryErrorCode,
  what: string,
  details: { readonly [name: string]: JsonValue } = {},
  outcome: Outcome = "not-applied",
): Promise<MemoryError> {
  let result: unknown;
  try {
    result = await (typeof call === "function" ? call() : call);
  } catch (error) {
    check(
      MemoryError.isInstance(error),
      `${what}: expected a MemoryError with code ${code}, got ${show(error)}`,
    );
    equal(error.code, code, `${what}: code of "${error.message}"`);
    equal(error.outcome, outcome, `${what}: outcome`);
    for (const [name, value] of Object.entries(details)) {
      equal(error.details[name], value, `${what}: details.${name}`);
    }
    return error;
  }
  return assert.fail(`${what}: expected a refusal with ${code}, got ${show(result)}`);
}

/**
 * Runs the check until it passes, for as long as tenant-wide lists of this store may lag. At once and only once
 * where nothing lags.
 */
export async function eventually(context: CaseContext, attempt: () => Promise<void>): Promise<void> {
  const step = 20;
  for (let left = context.lagMs ?? 0; left > 0; left -= step) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof assert.AssertionError)) throw error;
      await sleep(step);
    }
  }
  await attempt();
}

/** The longest lifetime that `inTime` tries: steps that take longer than a quarter of it count as hanging. */
const longestTtlMs = 64_000;

/**
 * Runs steps that mean something only while a lifetime lasts, with a lifetime that is short enough to wait for. When
 * they fail and a busy machine took so long over them that the lifetime may have passed too early, they run again,
 * for another tenant and with a longer one: by more than a quarter of `ttlMs` beside what they waited for themselves.
 */
export async function inTime<Context extends Pick<CaseContext, "tenant" | "advance">>(
  context: Context,
  steps: (context: Context, ttlMs: number) => Promise<void>,
): Promise<void> {
  for (let ttlMs = 1_000; ; ttlMs *= 8) {
    const began = performance.now();
    let waitedMs = 0;
    const advance = async (ms: number): Promise<void> => {
      waitedMs += ms;
      await context.advance(ms);
    };
    try {
      return await steps({ ...context, tenant: `${context.tenant}-${ttlMs}`, advance }, ttlMs);
    } catch (error) {
      const lateMs = performance.now() - began - waitedMs;
      if (lateMs <= ttlMs / 4 || ttlMs >= longestTtlMs) throw error;
    }
  }
}

/**
 * Tries to change what a store returned, everywhere inside. Frozen results refuse it, copies take it; both are
 * right, as long as nothing stored changes.
 */
export function vandalize(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const part of Object.values(value)) vandalize(part);
  for (const key of [...Object.keys(value), "vandalized"]) Reflect.set(value, key, "vandalized");
}

function show(value: unknown): string {
  const text = inspect(value, { depth: 6, breakLength: Infinity, maxStringLength: 200 });
  return text.length > 1200 ? `${text.slice(0, 1200)} …` : text;
}

/**
 * The result of a call that must end by itself. A store on which it hangs fails the case with `what` instead of
 * holding up the run.
 */
export async function within<Result>(ms: number, call: Promise<Result>, what: string): Promise<Result> {
  const message = `${what} did not end within ${ms} ms`;
  const timeoutError = (): Error => new assert.AssertionError({ message });
  return await withTimeout(() => call, { timeoutMs: ms, timeoutError });
}
