import { setMaxListeners } from "node:events";
import { MemoryError } from "@relevo/core";
import { abortError, closedError, noteRetry, sleep, throwIfAborted, withAttempts } from "@relevo/core/input";
import type { EmbeddedScript } from "../scripts/scripts.generated.ts";
import { Cancellation } from "./cancellation.ts";
import {
  type CommandSignal,
  isCluster,
  nodeSenderOf,
  type RedisArgument,
  type RedisClient,
  type RedisCluster,
  type Send,
  senderOf,
  sendToMasters,
} from "./client.ts";
import { isConnectionLoss, isPassing, mapError, replyCode } from "./errors.ts";

export interface CallSettings {
  readonly signal?: AbortSignal | undefined;
  /** When a call of several steps ends, as `endsAt` gives it; a deadline from now when left out. */
  readonly endsAt?: number | undefined;
  /** True when a second run of the same call changes nothing more, so that a lost answer may be asked for again. */
  readonly repeatable?: boolean;
}

/** A call as it is tried until its time is over. */
interface Call {
  readonly run: (signal: CommandSignal) => Promise<unknown>;
  /** In place of `run`, where the server does not know the script. */
  readonly reload?: (signal: CommandSignal) => Promise<unknown>;
  readonly signal: AbortSignal | undefined;
  readonly endsAt: number | undefined;
  readonly writes: boolean;
  readonly repeatable: boolean;
}

const firstPauseMs = 5;
const longestPauseMs = 100;

/**
 * The one place that talks to the client. Each call ends by its deadline, whatever the client waits for: its offline
 * queue, a socket that is half open, a server that stands still. What was not sent by then never will be.
 */
export class Connection {
  readonly #client: RedisClient | RedisCluster;
  readonly #send: Send;
  readonly #sendToNode: Send;
  readonly #deadlineMs: number;
  readonly #minReplicas: number;
  /** When calls of several steps end, by the signal that their steps share. */
  readonly #ends = new WeakMap<AbortSignal, number>();
  /** Whether one script may use keys of several slots. */
  #spansSlots: boolean;
  #closed = false;

  constructor(
    client: RedisClient | RedisCluster,
    options: { readonly deadlineMs: number; readonly minReplicas: number },
  ) {
    this.#client = client;
    this.#send = senderOf(client);
    this.#sendToNode = nodeSenderOf(client);
    this.#spansSlots = !isCluster(client);
    this.#deadlineMs = options.deadlineMs;
    this.#minReplicas = options.minReplicas;
  }

  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** @throws `closed`; `aborted`. */
  requireOpen(signal?: AbortSignal): void {
    if (this.#closed) throw closedError();
    throwIfAborted(signal);
  }

  close(): void {
    this.#closed = true;
  }

  /** When a call that begins now ends, for steps that share no signal. */
  endsAt(): number {
    return performance.now() + this.#deadlineMs;
  }

  /**
   * For a call of several steps: a signal of its own, which follows the caller's, and with which all steps together end
   * by the deadline that began at `since`.
   */
  scope(signal: AbortSignal | undefined, since: number = performance.now()): AbortSignal {
    const own = signal === undefined ? new AbortController().signal : AbortSignal.any([signal]);
    // Steps at the same time all listen to it, one for each bucket: no leak, of which Node would warn.
    setMaxListeners(0, own);
    this.#ends.set(own, since + this.#deadlineMs);
    return own;
  }

  /** Runs a script on the master of its keys; keys are of one slot. */
  script<Keys, Arguments>(
    script: EmbeddedScript<Keys, Arguments>,
    keys: Keys,
    values: Arguments,
    settings: CallSettings = {},
  ): Promise<unknown> {
    const names = script.keys(keys);
    const key = names[0] ?? "";
    const head = ["EVALSHA", script.sha, `${names.length}`, ...names, ...script.arguments(values)];
    const { writes } = script;
    const send = (args: readonly RedisArgument[], signal: CommandSignal): Promise<unknown> => {
      const answer = this.#send(key, args, signal);
      return writes && this.#minReplicas > 0 ? this.#replicated(answer, key, signal) : answer;
    };
    return this.#untilDeadline({
      run: (signal) => send(head, signal),
      // The server was restarted or flushed, or has never seen the script; this one stays with it.
      reload: (signal) => send(["EVAL", script.source, ...head.slice(2)], signal),
      signal: settings.signal,
      endsAt: settings.endsAt,
      writes,
      repeatable: !writes || settings.repeatable === true,
    });
  }

  /**
   * Runs a script that only reads on keys of any slots. `undefined` where a script may use keys of one slot only: in a
   * Cluster, and behind a proxy that hides one, which is found out by its refusal.
   */
  async readAcross<Arguments>(
    script: EmbeddedScript<never, Arguments>,
    keys: readonly string[],
    values: Arguments,
    settings: CallSettings,
  ): Promise<unknown> {
    if (!this.#spansSlots) return undefined;
    try {
      return await this.script({ ...script, keys: () => [...keys] }, {}, values, settings);
    } catch (error) {
      if (!(error instanceof MemoryError) || replyCode(error.cause) !== "CROSSSLOT") throw error;
      this.#spansSlots = false;
      return undefined;
    }
  }

  /** Runs a command that only reads, on the master of its key. */
  read(
    key: RedisArgument,
    args: readonly RedisArgument[],
    { signal, endsAt }: CallSettings = {},
  ): Promise<unknown> {
    const run = (cancelled: CommandSignal): Promise<unknown> => this.#send(key, args, cancelled);
    return this.#untilDeadline({ run, signal, endsAt, writes: false, repeatable: true });
  }

  /** Runs a command that only reads on every master; one answer of each. */
  async readEach(
    args: readonly RedisArgument[],
    { signal, endsAt }: CallSettings = {},
  ): Promise<readonly unknown[]> {
    const run = (cancelled: CommandSignal): Promise<unknown> => sendToMasters(this.#client, args, cancelled);
    const answers = await this.#untilDeadline({ run, signal, endsAt, writes: false, repeatable: true });
    return answers as readonly unknown[];
  }

  /**
   * The answer, when enough replicas have what it says was done. Not asked before the answer: WAIT has no key, so it would
   * not follow the script to the node that a slot has moved to, and a node that has nothing to wait for answers that all
   * have it.
   */
  async #replicated(answer: Promise<unknown>, key: RedisArgument, signal: CommandSignal): Promise<unknown> {
    const result = await answer;
    if (isDone(result)) await this.#waitForReplicas(key, signal);
    return result;
  }

  async #waitForReplicas(key: RedisArgument, signal: CommandSignal): Promise<void> {
    const timeoutMs = Math.max(1, Math.floor(this.#deadlineMs / 2));
    const minReplicas = this.#minReplicas;
    let replicas = 0;
    let cause: unknown;
    try {
      replicas = Number(await this.#sendToNode(key, ["WAIT", `${minReplicas}`, `${timeoutMs}`], signal));
    } catch (error) {
      cause = error;
    }
    if (replicas >= minReplicas) return;
    throw new MemoryError(
      "unavailable",
      `The write is on the master, but only ${replicas} of ${minReplicas} replicas are known to have taken it in time.`,
      { outcome: "applied", details: { replicas, minReplicas }, cause },
    );
  }

  /**
   * Tries until it works, is refused, or the time is over. With callbacks: each `async` function on the way of every call is a
   * promise more, and a turn of the queue.
   */
  #untilDeadline(call: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.requireOpen(call.signal);
      const started = performance.now();
      const endsAt = call.endsAt ?? (call.signal && this.#ends.get(call.signal));
      const deadlineMs = endsAt === undefined ? this.#deadlineMs : Math.max(1, endsAt - started);
      const end = new Cancellation();
      let sent = false;
      let reloaded = false;
      let tries = 0;
      let pauseMs = firstPauseMs;
      let lastError: unknown;
      const outcome = () => (sent && call.writes ? ("unknown" as const) : ("not-applied" as const));
      // The client takes what it has not sent out of its queue in the same turn, and says so to the waiting call.
      const endWith = (errorOf: () => MemoryError): void => {
        settle();
        end.abort();
        setImmediate(() => reject(errorOf()));
      };
      const timer = setTimeout(
        () => endWith(() => withAttempts(this.#timeout(outcome(), lastError), tries)),
        deadlineMs,
      );
      const onAbort = (): void =>
        endWith(() => {
          const { message, cause } = abortError(call.signal as AbortSignal);
          return new MemoryError("aborted", message, { outcome: outcome(), cause });
        });
      const settle = (): void => {
        clearTimeout(timer);
        call.signal?.removeEventListener("abort", onAbort);
      };
      const succeed = (result: unknown): void => {
        settle();
        resolve(result);
      };
      const fail = (error: unknown): void => {
        if (end.aborted) {
          // What the client had not written is known not to have happened.
          if (error instanceof Error && error.constructor.name === "AbortError")
            sent = lastError !== undefined;
          return;
        }
        if (call.reload !== undefined && !reloaded && replyCode(error) === "NOSCRIPT") {
          reloaded = true;
          send(call.reload);
          return;
        }
        const lost = isConnectionLoss(error);
        const again = isPassing(error) || (call.repeatable && lost);
        const left = deadlineMs - (performance.now() - started);
        if (!again || left <= pauseMs) {
          settle();
          reject(withAttempts(mapError(error, call.writes && (lost || lastError !== undefined)), tries));
          return;
        }
        if (lost) lastError = error;
        else sent = lastError !== undefined;
        noteRetry("redis", tries, mapError(error, false));
        void sleep(pauseMs).then(attempt);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      };
      const send = (run: Call["run"]): void => {
        try {
          Promise.resolve(run(end)).then(succeed, fail);
        } catch (error) {
          fail(error);
        }
      };
      const attempt = (): void => {
        // Its caller has been told by now; what was sent would be done behind its back.
        if (end.aborted) return;
        sent = true;
        reloaded = false;
        tries++;
        send(call.run);
      };
      call.signal?.addEventListener("abort", onAbort, { once: true });
      attempt();
    });
  }

  #timeout(outcome: "unknown" | "not-applied", cause: unknown): MemoryError {
    const unknown =
      outcome === "unknown" ? " Whether it was done is not known; retry with the same operation id." : "";
    return new MemoryError("timeout", `Redis did not answer within ${this.#deadlineMs} ms.${unknown}`, {
      outcome,
      details: { deadlineMs: this.#deadlineMs },
      cause,
    });
  }
}

/** Whether a script did what it was asked, now or before, rather than refuse it. */
function isDone(answer: unknown): boolean {
  return Array.isArray(answer) && (answer[0] === "ok" || answer[0] === "replayed");
}
