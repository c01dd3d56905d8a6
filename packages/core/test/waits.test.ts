import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MemoryError } from "../src/index.ts";
import { abortable, anySignal, sleep, withTimeout } from "../src/input/index.ts";
import { maxTimerMs } from "../src/input/sleep.ts";
import { recordPauses } from "./replace-builtin.ts";
import { rejected } from "./support.ts";

/** Pauses of a day or more are only written down: no test waits that long. */
const waits = recordPauses(1e8);

const never = new Promise<never>(() => undefined);
const hour = 3_600_000;

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

/** A signal that fires in the next microtask, while somebody waits. */
function soonAborted(reason: unknown = "enough"): AbortSignal {
  const controller = new AbortController();
  queueMicrotask(() => controller.abort(reason));
  return controller.signal;
}

describe.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
  ["sleep", (signal) => sleep(hour, { signal })],
  ["abortable", (signal) => abortable(never, { signal })],
  ["withTimeout", (signal) => withTimeout(() => never, { signal, timeoutMs: hour })],
  ["withTimeout without a time", (signal) => withTimeout(() => never, { signal })],
])("%s", (_, wait) => {
  it("ends with `aborted` and the reason when the signal fires, and leaves no listener", async () => {
    const signal = soonAborted("enough");
    const error = await rejected(wait(signal), "aborted");
    expect(error.cause).toBe("enough");
    expect(listeners(signal)).toBe(0);
  });

  it("ends at once when the signal had fired before", async () => {
    const signal = AbortSignal.abort("before");
    expect((await rejected(wait(signal), "aborted")).cause).toBe("before");
    expect(listeners(signal)).toBe(0);
  });
});

describe("sleep", () => {
  afterEach(() => {
    waits.length = 0;
  });

  it("leaves no listener behind when it has slept", async () => {
    const { signal } = new AbortController();
    await sleep(0, { signal });
    expect(listeners(signal)).toBe(0);
  });

  it("waits longer than one timer can", async () => {
    await sleep(2 * maxTimerMs + 7);
    expect(waits).toEqual([maxTimerMs, maxTimerMs, 7]);
  });

  it("goes on beside fake timers", async () => {
    vi.useFakeTimers();
    try {
      await sleep(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("abortable", () => {
  it("gives the result or the failure of the promise, and leaves no listener", async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(7), { signal })).toBe(7);
    const own = new Error("mine");
    await expect(abortable(Promise.reject(own), { signal })).rejects.toBe(own);
    expect(listeners(signal)).toBe(0);
    expect(await abortable(Promise.resolve(8), {})).toBe(8);
  });

  it("says what is known of the work", async () => {
    const signal = AbortSignal.abort();
    expect(await abortable(never, { signal, outcome: "unknown" }).catch((error) => error.outcome)).toBe(
      "unknown",
    );
    expect((await rejected(abortable(never, { signal }), "aborted")).outcome).toBe("not-applied");
  });

  it("is told apart from work that has ended: an abort before the call wins", async () => {
    await rejected(abortable(Promise.resolve(7), { signal: AbortSignal.abort() }), "aborted");
  });

  it("leaves no unhandled rejection when the work fails later", async () => {
    const late = Promise.withResolvers<never>();
    const unhandled: unknown[] = [];
    const note = (error: unknown): number => unhandled.push(error);
    process.on("unhandledRejection", note);
    await rejected(abortable(late.promise, { signal: soonAborted() }), "aborted");
    late.reject(new Error("late"));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});

describe("withTimeout", () => {
  it("leaves no unhandled rejection when the work fires the signal and throws at once", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): number => unhandled.push(error);
    process.on("unhandledRejection", note);
    const controller = new AbortController();
    const own = new Error("mine");
    const work = (): never => {
      controller.abort();
      throw own;
    };
    await expect(withTimeout(work, { signal: controller.signal })).rejects.toBe(own);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  it("gives the result or the failure of the work, and leaves no listener and no timer", async () => {
    const { signal } = new AbortController();
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const before = timers();
    expect(await withTimeout(async () => 7, { signal, timeoutMs: hour })).toBe(7);
    const own = new Error("mine");
    await expect(withTimeout(() => Promise.reject(own), { signal, timeoutMs: hour })).rejects.toBe(own);
    const thrower = (): never => {
      throw own;
    };
    await expect(withTimeout(thrower, { signal, timeoutMs: hour })).rejects.toBe(own);
    expect(listeners(signal)).toBe(0);
    expect(timers()).toBe(before);
  });

  it("ends with `timeout`, and tells the work", async () => {
    let given: AbortSignal | undefined;
    const work = (signal: AbortSignal): Promise<never> => {
      given = signal;
      return never;
    };
    const error = await withTimeout(work, { timeoutMs: 1, outcome: "unknown" }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "timeout", outcome: "unknown", retryable: true });
    expect(given?.reason).toBe(error);
    const own = new Error("mine");
    await expect(withTimeout(work, { timeoutMs: 1, timeoutError: () => own })).rejects.toBe(own);
  });

  it("is seen as aborted although the work fails in reply to its signal", async () => {
    const work = (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("reply"))));
    const error = await withTimeout(work, { signal: soonAborted(), outcome: "unknown" }).catch((e) => e);
    expect(MemoryError.isInstance(error, "aborted") && error.outcome).toBe("unknown");
  });

  it("does not start work that was aborted before", async () => {
    let started = false;
    const work = async (): Promise<void> => {
      started = true;
    };
    await rejected(withTimeout(work, { signal: AbortSignal.abort() }), "aborted");
    expect(started).toBe(false);
  });

  it("does not take a time that no timer can wait for none", async () => {
    const turn = (): Promise<number> => new Promise((resolve) => setTimeout(resolve, 5, 7));
    expect(await withTimeout(turn, { timeoutMs: Number.MAX_SAFE_INTEGER })).toBe(7);
  });
});

describe("anySignal", () => {
  it("is the one that is given, or fires with the first of several", () => {
    const [one, other] = [new AbortController(), new AbortController()];
    expect(anySignal(undefined, undefined)).toBeUndefined();
    expect(anySignal(undefined, one.signal)).toBe(one.signal);
    const both = anySignal(one.signal, other.signal);
    other.abort("other");
    expect(both?.reason).toBe("other");
  });
});
