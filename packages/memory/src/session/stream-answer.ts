import {
  type AppendResult,
  type ContentPart,
  type EventInput,
  fingerprint,
  type MemoryError,
  type Message,
} from "@relevo/core";
import {
  abortable,
  admitEvent,
  admitMetadata,
  admitOptionalId,
  readInput,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import type { TurnRun } from "../turns/turn-run.ts";
import { appendInTurn, eventsOf, operationOf } from "./append-events.ts";
import { type PartialReason, partialName } from "./partial.ts";
import type { SessionHandle } from "./session-handle.ts";
import type { AnswerPiece, StreamOptions } from "./session-options.ts";

/** Refuses before the first piece what the append would refuse after the last. */
export function admitStream(
  { limits }: Runtime,
  pieces: AsyncIterable<AnswerPiece>,
  options: StreamOptions,
): StreamOptions {
  const isIterable = readInput("pieces", () => typeof pieces?.[Symbol.asyncIterator] === "function");
  if (!isIterable) throw refuse("pieces", "must be an async iterable, such as a model's stream.");
  admitOptionalId(options.operationId, "operationId", limits);
  admitOptionalId(options.agent, "agent", limits);
  admitOptionalId(options.id, "id", limits);
  const { value: metadata } = admitMetadata(options.metadata, "metadata", limits);
  return options.metadata === undefined ? options : { ...options, metadata };
}

/** Passes the pieces on and appends the answer that they make, or what there is of it when they end too soon. */
export async function* streamAnswer<Piece extends AnswerPiece>(
  handle: SessionHandle,
  pieces: AsyncIterable<Piece>,
  options: StreamOptions,
  turn: () => TurnRun | undefined,
): AsyncGenerator<Piece, AppendResult | undefined, void> {
  const answer = new Answer(handle, options);
  const source = pieces[Symbol.asyncIterator]();
  let reason: PartialReason | undefined = "stopped";
  try {
    for (;;) {
      throwIfAborted(options.signal);
      const next = await abortable(source.next(), { signal: options.signal });
      if (next.done === true) break;
      answer.add(next.value);
      // When the consumer goes away, this is where it ends.
      yield next.value;
    }
    answer.requireWhole();
    reason = undefined;
    return await answer.complete(turn());
  } catch (error) {
    // The answer was whole; only its append failed.
    if (reason === undefined) throw error;
    reason = options.signal?.aborted === true ? "aborted" : "failed";
    try {
      await answer.keepPartial(reason, turn());
    } catch (failure) {
      handle.runtime.onError(failure);
    }
    reason = undefined;
    throw error;
  } finally {
    if (reason === "stopped") await answer.keepPartial(reason, turn());
    // Not waited for: a source that hangs would keep its consumer.
    if (reason !== undefined || options.signal?.aborted === true)
      void source.return?.().catch(() => undefined);
  }
}

/** The first half of a surrogate pair at the end, without the second. */
const half = /[\uD800-\uDBFF]$/u;

function broken(): MemoryError {
  return refuse("piece", "has half of a surrogate pair; use toWellFormed().");
}

/** What has arrived of an answer. */
class Answer {
  readonly #handle: SessionHandle;
  readonly #options: StreamOptions;
  readonly #parts: ContentPart[] = [];
  /** Behind the parts. */
  #text = "";
  /** Whether the text ends with the first half of a surrogate pair: a source may cut anywhere. */
  #endsInHalf = false;

  constructor(handle: SessionHandle, options: StreamOptions) {
    this.#handle = handle;
    this.#options = options;
  }

  /**
   * @throws `invalid-input` for what is no part of an answer, or text that no log takes: what came before it can be kept,
   *   while at the end all would be refused.
   */
  add(piece: AnswerPiece): void {
    if (typeof piece === "string") {
      if (piece === "") return;
      const text = this.#endsInHalf ? `\ud800${piece}` : piece;
      const endsInHalf = half.test(text);
      if (piece.includes("\0")) throw refuse("piece", "has a NUL character; remove it.");
      if (!(endsInHalf ? text.slice(0, -1) : text).isWellFormed()) throw broken();
      this.#text += piece;
      this.#endsInHalf = endsInHalf;
      return;
    }
    this.requireWhole();
    const body = { role: "assistant", content: [piece] } as const;
    const { event } = admitEvent({ type: "message", body }, "piece", this.#handle.runtime.limits);
    this.#endText();
    this.#parts.push((event.body as typeof body).content[0]);
  }

  /** @throws `invalid-input` when the text ends within a character. */
  requireWhole(): void {
    if (this.#endsInHalf) throw broken();
  }

  async complete(turn: TurnRun | undefined): Promise<AppendResult | undefined> {
    const { operationId, agent, atEnd } = this.#options;
    const event = this.#event();
    if (event === undefined) return undefined;
    if (atEnd === true) {
      if (turn === undefined) throw refuse("atEnd", "needs a turn: stream through the session of one.");
      turn.appendAtEnd([event]);
      return undefined;
    }
    // Not of its words: a model that is asked again answers in others, and the first answer stands.
    const operated = operationOf(this.#handle.runtime, operationId, { stream: true, agent });
    const retraction = await this.#earlierPartial(event, turn);
    const result = await appendInTurn(this.#handle, [...retraction, event], operated, this.#options, turn);
    if (retraction.length > 0) await turn?.noteRetracted(result.firstSeq, signalOf(this.#options));
    return result;
  }

  /** Once for each operation: the first of several tries that broke is kept. */
  async keepPartial(reason: PartialReason, turn: TurnRun | undefined): Promise<void> {
    if (this.#endsInHalf) this.#text = this.#text.slice(0, -1);
    const event = this.#event();
    if (event === undefined) return;
    const { operationId, signal: _over, ...options } = this.#options;
    const operated =
      operationId === undefined
        ? {}
        : { operation: { id: partialOperation(operationId), fingerprint: fingerprint("partial") } };
    const marked = { ...event, metadata: { [partialName]: reason } };
    await appendInTurn(this.#handle, [marked], operated, options, turn);
  }

  /** The retraction of what an earlier try under the same operation has left. */
  async #earlierPartial(event: EventInput, turn: TurnRun | undefined): Promise<readonly EventInput[]> {
    const { operationId } = this.#options;
    if (operationId === undefined) return [];
    const { store, address, runtime } = this.#handle;
    const id = partialOperation(operationId);
    const scoped = turn?.operationId(id, [event]) ?? id;
    const known = await store.log.operation(address, scoped, signalOf(this.#options));
    if (known === undefined) return [];
    const { firstSeq: seq } = known.result;
    const body = { ranges: [{ from: seq, to: seq }], reason: "completed" };
    return [{ type: "retraction", body, at: runtime.clock.now() }];
  }

  #endText(): void {
    if (this.#text !== "") this.#parts.push({ type: "text", text: this.#text });
    this.#text = "";
  }

  /** `undefined` when nothing has arrived. */
  #event(): EventInput | undefined {
    const { id, agent, metadata } = this.#options;
    const isText = this.#parts.length === 0;
    if (isText && this.#text === "") return undefined;
    const text = this.#text;
    if (!isText) this.#endText();
    const message: Message = {
      role: "assistant",
      content: isText ? text : this.#parts,
      ...(id === undefined ? {} : { id }),
      ...(metadata === undefined ? {} : { metadata }),
    };
    return eventsOf(this.#handle.runtime, [message], agent)[0];
  }
}

function partialOperation(operationId: string): string {
  return `relevo:partial:${fingerprint(operationId)}`;
}
