import { AsyncLocalStorage } from "node:async_hooks";
import type { CallOptions } from "@relevo/core";
import { conflict, withTimeout } from "@relevo/core/input";
import type { SessionHandle } from "../session/session-handle.ts";
import { type TurnRun, turnIsOver } from "./turn-run.ts";

// One for the process, as in scope.ts: it says in which turn an asynchronous flow is, and holds no data.
const storage: AsyncLocalStorage<TurnNode> = new AsyncLocalStorage<TurnNode>();

/** A turn, or a part of one that was begun inside it. Parts of one node run one after the other. */
export class TurnNode {
  readonly run: TurnRun;
  /** The turn in which this one was begun, of this session or another. */
  readonly outer: TurnNode | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(run: TurnRun) {
    this.run = run;
    this.outer = storage.getStore();
  }

  get isOver(): boolean {
    return this.#isOver || this.run.isOver;
  }

  end(): void {
    this.#isOver = true;
  }

  /**
   * Waits for the parts that were begun before; the next one waits for the returned function.
   *
   * @throws `conflict` with `details.conflict` = `lease` when they are not over in time.
   */
  async enter({ signal, waitMs }: CallOptions & { readonly waitMs: number }): Promise<() => void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = before.then(() => promise);
    try {
      const timeoutError = (): Error => conflict("lease", {});
      await withTimeout(() => before, { signal, timeoutMs: waitMs, timeoutError });
      if (this.isOver) throw turnIsOver();
    } catch (error) {
      resolve();
      throw error;
    }
    return resolve;
  }

  /** Runs the work, and all that it calls, in this turn. */
  hold<Result>(work: () => Result): Result {
    return storage.run(this, work);
  }
}

/** The innermost turn of this session that this asynchronous flow is in. */
export function activeTurn(handle: SessionHandle): TurnNode | undefined {
  for (let node = storage.getStore(); node !== undefined; node = node.outer)
    if (!node.isOver && node.run.isOf(handle)) return node;
  return undefined;
}
