import { setImmediate as nextTurn } from "node:timers/promises";
import { type CallOptions, type EventLog, MemoryError } from "@relevo/core";
import type { MemoryStore } from "../../src/index.ts";

type Fault = "request-lost" | "answer-lost" | undefined;

/** A step that waits to be taken: a request that arrives at the store, or an answer that arrives at its caller. */
type Step = (fault: Fault) => Promise<void>;

/**
 * Carries the calls of logs to one store, in the order that somebody else chooses: each request and each answer arrives
 * when `step` picks it, and the store serves one at a time.
 */
export class Network {
  readonly #steps: Step[] = [];
  readonly #onWrite: () => Promise<void>;

  /** `onWrite` runs after each write, before the next step. */
  constructor(onWrite: () => Promise<void>) {
    this.#onWrite = onWrite;
  }

  get waiting(): number {
    return this.#steps.length;
  }

  /** Takes one of the steps that wait, and lets everybody go on whom it concerns. */
  async step(choice: number, fault: Fault): Promise<void> {
    const [step] = this.#steps.splice(choice % this.#steps.length, 1);
    await step?.(fault);
    await nextTurn();
  }

  /** Something that happens at the store, when a step picks it. */
  happen(event: () => Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#steps.push(async () => {
      await event().catch(() => undefined);
      await this.#onWrite();
      resolve();
    });
    return promise;
  }

  /** The store, reached through this network. */
  connect(store: MemoryStore): MemoryStore {
    const { log, limits, documents } = store;
    return {
      limits,
      documents,
      log: {
        append: this.#carry("append", log.append, 2),
        operation: this.#carry("operation", log.operation, 2),
        read: this.#carry("read", log.read, 1),
        head: this.#carry("head", log.head, 1),
        touch: this.#carry("touch", log.touch, 1),
        trim: this.#carry("trim", log.trim, 1),
        erase: this.#carry("erase", log.erase, 1),
        delete: this.#carry("delete", log.delete, 1),
        list: log.list,
        scan: log.scan,
      },
    };
  }

  #carry<Args extends readonly unknown[], Result>(
    method: keyof EventLog,
    call: (...args: Args) => Promise<Result>,
    optionsAt: number,
  ): (...args: Args) => Promise<Result> {
    return (...args) => {
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      const given = args[optionsAt] as CallOptions | undefined;
      // The store never hears of the abort: it does what it was asked for while its caller has turned away.
      const sent = args.with(optionsAt, given && { ...given, signal: undefined }) as unknown as Args;
      given?.signal?.addEventListener("abort", () =>
        reject(new MemoryError("aborted", "The caller turned away.", { outcome: "unknown" })),
      );
      this.#steps.push(async (fault) => {
        if (fault === "request-lost") return reject(lost("not-applied"));
        const outcome = await call(...sent).then(
          (result) => () => resolve(result),
          (error: unknown) => () => reject(error),
        );
        if (method !== "read" && method !== "head") await this.#onWrite();
        this.#steps.push(async (late) => {
          if (late === "answer-lost") reject(lost("unknown"));
          else outcome();
        });
      });
      return promise;
    };
  }
}

function lost(outcome: "not-applied" | "unknown"): MemoryError {
  return new MemoryError("unavailable", "The connection broke.", { outcome });
}
