import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { isConflict, MemoryError } from "../src/index.ts";
import {
  conflict,
  type RetryOptions,
  retry,
  retryChannel,
  wasRetried,
  withAttempts,
} from "../src/input/index.ts";
import { recordPauses } from "./replace-builtin.ts";
import { rejected } from "./support.ts";

const pauses = recordPauses();

const always: RetryOptions = { attempts: 3, delayMs: 0, when: () => true };
const down = (): MemoryError => new MemoryError("unavailable", "The store is down.", { details: { n: 1 } });

/** Work that fails so often, and how often it was done. */
function failing(times: number, error: () => unknown = down) {
  let calls = 0;
  const work = async (): Promise<string> => {
    if (++calls <= times) throw error();
    return "done";
  };
  return { work, calls: () => calls };
}

describe("retry", () => {
  it("tries again until it works", async () => {
    const { work, calls } = failing(2);
    expect(await retry(work, always)).toBe("done");
    expect(calls()).toBe(3);
  });

  it("publishes each further try, with a name and why, and nothing else", async () => {
    const seen: unknown[] = [];
    const note = (notice: unknown): void => void seen.push(notice);
    subscribe(retryChannel, note);
    try {
      await retry(failing(0).work, always);
      await retry(failing(2).work, { ...always, name: "redis" });
      await retry(failing(1, () => new Error("other")).work, always);
      await rejected(retry(failing(9).work, { ...always, attempts: 2, name: "undo" }), "unavailable");
      await rejected(retry(failing(9).work, { ...always, when: () => false }), "unavailable");
    } finally {
      unsubscribe(retryChannel, note);
    }
    await retry(failing(1).work, always);
    expect(seen).toEqual([
      { name: "redis", attempt: 1, code: "unavailable" },
      { name: "redis", attempt: 2, code: "unavailable" },
      { name: "call", attempt: 1, code: undefined },
      { name: "undo", attempt: 1, code: "unavailable" },
    ]);
  });

  it("tells the work which try it is", async () => {
    const tries: number[] = [];
    const work = async (attempt: number): Promise<void> => {
      tries.push(attempt);
      if (attempt < 3) throw down();
    };
    await retry(work, always);
    expect(tries).toEqual([1, 2, 3]);
  });

  it("throws the last failure with the number of tries", async () => {
    const { work, calls } = failing(9);
    const error = await rejected(retry(work, always), "unavailable");
    expect(error).toMatchObject({ details: { n: 1, attempts: 3 }, retryable: true, outcome: "not-applied" });
    expect(calls()).toBe(3);
  });

  it("throws at once what is not worth another try, unchanged", async () => {
    const own = new Error("mine");
    const { work, calls } = failing(9, () => own);
    await expect(retry(work, { ...always, when: (error) => error !== own })).rejects.toBe(own);
    expect(calls()).toBe(1);
  });

  it("leaves errors of others as they are, and takes the caller's own", async () => {
    const own = new Error("mine");
    await expect(retry(failing(9, () => own).work, always)).rejects.toBe(own);
    const exhausted = (error: unknown, attempts: number): Error => new Error(`${attempts}`, { cause: error });
    await expect(retry(failing(9, () => own).work, { ...always, exhausted })).rejects.toThrow("3");
  });

  it("does not stack: what was retried below is thrown at once", async () => {
    const { work, calls } = failing(99);
    const inner = (): Promise<string> => retry(work, { ...always, attempts: 4 });
    const error = await rejected(retry(inner, always), "unavailable");
    expect(calls()).toBe(4);
    expect(error.details).toMatchObject({ attempts: 4 });
  });

  it("pauses for a random share of a time that doubles up to 64 times the first", async () => {
    pauses.length = 0;
    await retry(failing(8).work, { ...always, attempts: 9, delayMs: 10, random: () => 0.5 });
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 320]);
  });

  it("stops in a pause when its signal fires, and leaves no listener", async () => {
    const controller = new AbortController();
    const { work, calls } = failing(9, () => {
      queueMicrotask(() => controller.abort());
      return down();
    });
    const options = { ...always, delayMs: 60_000, random: () => 1, signal: controller.signal };
    await rejected(retry(work, options), "aborted");
    expect(calls()).toBe(1);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });
});

describe("withAttempts and wasRetried", () => {
  it("keep what an error says", () => {
    const error = new MemoryError("timeout", "late", { outcome: "unknown", retryable: false, cause: 7 });
    expect(wasRetried(error)).toBe(false);
    expect(withAttempts(error, 1)).toBe(error);
    const retried = withAttempts(error, 2);
    expect(retried).toMatchObject({
      code: "timeout",
      message: "late",
      outcome: "unknown",
      retryable: false,
      cause: 7,
    });
    expect(wasRetried(retried)).toBe(true);
    expect(wasRetried(new Error("mine"))).toBe(false);
  });
});

describe("isConflict", () => {
  it("knows a conflict, and its kind", () => {
    const error = conflict("version", { version: 3 });
    expect([isConflict(error), isConflict(error, "version"), isConflict(error, "fence")]).toEqual([
      true,
      true,
      false,
    ]);
    expect(isConflict(down())).toBe(false);
    expect(isConflict({ code: "conflict", details: { conflict: "version" } }, "version")).toBe(false);
  });
});
