import type { AppendOptions, AppendResult, EventInput, SessionTurn, SessionWriteGuard } from "@relevo/core";
import { activeTurn, type TurnNode } from "../turns/turn-node.ts";
import { type TurnRun, turnIsOver } from "../turns/turn-run.ts";
import { appendInTurn } from "./append-events.ts";
import type { SessionHandle } from "./session-handle.ts";
import type { SessionAppendOptions } from "./session-options.ts";

/**
 * How one session object reads and writes: in the turn that it was made for, otherwise in the one that the caller is in, if
 * any.
 */
export class SessionAccess {
  /** The turn that the object was made for. */
  readonly node: TurnNode | undefined;
  readonly #handle: SessionHandle;

  constructor(handle: SessionHandle, node: TurnNode | undefined) {
    this.#handle = handle;
    this.node = node;
  }

  /** The turn that learns what is read. */
  get reading(): TurnRun | undefined {
    return (this.node ?? activeTurn(this.#handle))?.run;
  }

  /** The turn to write in. @throws `conflict` when it is over. */
  get writing(): TurnRun | undefined {
    if (this.node === undefined) return activeTurn(this.#handle)?.run;
    if (this.node.isOver) throw turnIsOver();
    return this.node.run;
  }

  get fence(): number | undefined {
    return this.reading?.lease.fence;
  }

  /** For writes that ask only when they are made. */
  readonly writingFence = (): number | undefined => this.writing?.lease.fence;

  /** The options with the fence of the turn, unless they have one. */
  fenced<Options extends { readonly fence?: number }>(options: Options): Options {
    const fence = options.fence ?? this.fence;
    return fence === undefined ? options : { ...options, fence };
  }

  append(
    events: readonly EventInput[],
    operated: Pick<AppendOptions, "operation">,
    options: SessionAppendOptions,
  ): Promise<AppendResult> {
    return appendInTurn(this.#handle, events, operated, this.fenced(options), this.writing);
  }

  get currentTurn(): SessionTurn | undefined {
    return this.reading;
  }

  /** What `withGuard` of a session promises. */
  async withGuard<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionWriteGuard) => Promise<Result>,
  ): Promise<Result> {
    const { ttlMs, runtime } = this.#handle;
    runtime.requireOpen();
    const turn = this.writing;
    const result = await this.#handle.write((guard) => perform(this.fenced({ ...guard, ttlMs })));
    if (turn !== undefined && isAppended(result))
      turn.noteWritten(result, result.version - result.firstSeq + 1);
    return result;
  }
}

/** Whether the result of a write is that of an append: only this says at which `seq` it begins. */
function isAppended(result: object | undefined): result is Pick<AppendResult, "firstSeq" | "version"> {
  return result !== undefined && "firstSeq" in result && "version" in result;
}
