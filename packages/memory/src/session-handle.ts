import type {
  CallOptions,
  ReadOptions,
  ReadResult,
  SessionAddress,
  SessionGuard,
  SessionHead,
  SessionInit,
} from "@relevo/core";
import { historyLost } from "@relevo/core/input";
import type { MemoryStore, Runtime } from "./runtime.ts";
import { signalOf } from "./signal.ts";

/** A session as seen by one object: its address and, once known, its incarnation. Shared by all parts of the object. */
export class SessionHandle {
  readonly runtime: Runtime;
  readonly address: SessionAddress;
  /** The idle lifetime that each append through this object sets. */
  ttlMs: number | null | undefined;
  readonly #init: SessionInit;
  #incarnation: string | undefined;
  #opening: Promise<unknown> | undefined;

  constructor(
    runtime: Runtime,
    address: SessionAddress,
    options: {
      readonly init: SessionInit;
      readonly ttlMs: number | null | undefined;
      readonly incarnation: string | undefined;
    },
  ) {
    this.runtime = runtime;
    this.address = address;
    this.ttlMs = options.ttlMs;
    this.#init = options.init;
    this.#incarnation = options.incarnation;
  }

  get incarnation(): string | undefined {
    return this.#incarnation;
  }

  /** True while a write would have to wait for the first one, and so needs a copy of its input. */
  get isOpening(): boolean {
    return this.#incarnation === undefined && this.#opening !== undefined;
  }

  get store(): MemoryStore {
    this.runtime.requireOpen();
    return this.runtime.sessions;
  }

  /**
   * Performs a write under the known incarnation. While none is known, writes run one at a time and learn it from the
   * result: two first writes with a delete between them must not end in two incarnations.
   */
  async write<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionGuard) => Promise<Result>,
  ): Promise<Result> {
    while (this.isOpening) await this.#opening;
    if (this.#incarnation !== undefined) return perform({ incarnation: this.#incarnation });
    const first = perform({ init: this.#init });
    const settled = first.then(
      (result) => this.#adopt(result?.incarnation),
      () => undefined,
    );
    this.#opening = settled;
    try {
      return await first;
    } finally {
      await settled;
      this.#opening = undefined;
    }
  }

  /** For calls that cannot create a session. */
  guard(): { readonly incarnation?: string } {
    return this.#incarnation === undefined ? {} : { incarnation: this.#incarnation };
  }

  /** @throws `history-lost` when the incarnation that this object knows is gone. */
  async read(options: ReadOptions): Promise<ReadResult> {
    const known = this.#incarnation;
    const result = await this.store.log.read(this.address, options);
    this.#require(known, result.incarnation);
    return result;
  }

  /** `undefined` when the session does not exist. @throws `history-lost` when another incarnation has replaced it. */
  async head(options: CallOptions = {}): Promise<SessionHead | undefined> {
    const known = this.#incarnation;
    const head = await this.store.log.head(this.address, options);
    this.learn(known, head?.incarnation);
    return head;
  }

  /**
   * For a write to another place in this session's name. While no incarnation is known, the session may still be
   * created.
   *
   * @throws `history-lost` when the incarnation that this object knows is gone.
   */
  async requireAlive(options: CallOptions): Promise<void> {
    const known = this.#incarnation;
    if (known !== undefined && (await this.head(signalOf(options))) === undefined) throw historyLost("ended");
  }

  /**
   * Remembers the incarnation of an answer, such as a head or a document; `undefined`, of a missing one, says nothing.
   * `known` is what was known before the call: a first write that ends during it does not make its answer outdated.
   *
   * @throws `history-lost` when another incarnation was known.
   */
  learn(known: string | undefined, incarnation: string | undefined): void {
    if (incarnation !== undefined) this.#require(known, incarnation);
  }

  #require(known: string | undefined, incarnation: string | undefined): void {
    if (known === undefined) this.#adopt(incarnation);
    else if (known !== incarnation) throw historyLost("ended");
  }

  #adopt(incarnation: string | undefined): void {
    this.#incarnation ??= incarnation;
  }
}
