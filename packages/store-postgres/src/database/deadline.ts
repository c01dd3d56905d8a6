/** Why a call ended before its client did. */
export class Interrupted extends Error {
  override readonly name: string = "Interrupted";
  readonly reason: "timeout" | "aborted";

  constructor(reason: "timeout" | "aborted", cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** The end of one call: its time or its signal, whichever is first. Dispose it. */
export class Deadline implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  readonly #endsAt: number;
  readonly #onAbort: () => void;
  #interrupted: Interrupted | undefined;
  #reject: ((error: Interrupted) => void) | undefined;

  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    this.#endsAt = performance.now() + timeoutMs;
    this.#timer = setTimeout(() => this.#interrupt(new Interrupted("timeout")), timeoutMs);
    this.#onAbort = () => this.#interrupt(new Interrupted("aborted", signal?.reason));
    this.#signal = signal;
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** @throws Interrupted when the time is over; timers may be late after long synchronous work. */
  check(): void {
    if (this.#interrupted === undefined && this.remainingMs === 0) {
      this.#interrupt(new Interrupted("timeout"));
    }
    if (this.#interrupted !== undefined) throw this.#interrupted;
  }

  /** Settles as the promise does, unless the deadline passes first. One race at a time. */
  race<Value>(promise: Promise<Value>): Promise<Value> {
    if (this.#interrupted !== undefined) {
      promise.catch(() => undefined);
      return Promise.reject(this.#interrupted);
    }
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      promise.then(resolve, reject);
    });
  }

  /** As `race`, of what `start` begins. `giveUp` lets go of what it holds when the deadline passes first. */
  run<Value>(
    start: (resolve: (value: Value | PromiseLike<Value>) => void, reject: (error: unknown) => void) => void,
    giveUp: () => void,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.check();
      this.#reject = (error) => {
        giveUp();
        reject(error);
      };
      start(resolve, reject);
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  #interrupt(interrupted: Interrupted): void {
    this.#interrupted ??= interrupted;
    this.#reject?.(this.#interrupted);
  }
}
