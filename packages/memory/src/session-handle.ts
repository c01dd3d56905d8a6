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

/** One session as one object met it: its address and the incarnation, once known. Shared by all its parts. */
export class SessionHandle {
  readonly runtime: Runtime;
  readonly address: SessionAddress;
  /** The idle lifetime that this object gives the session with each append. */
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

  /** True while a write would wait for another one, so that it has to keep what it was given. */
  get isOpening(): boolean {
    return this.#incarnation === undefined && this.#opening !== undefined;
  }

  get store(): MemoryStore {
    this.runtime.requireOpen();
    return this.runtime.sessions;
  }

  /**
   * Performs a write under the known incarnation. While none is known, one write at a time goes ahead and the others
   * wait for what it learns: two first writes with a delete between them must not end in two incarnations.
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

  /** The incarnation to name where the call cannot create a session. */
  guard(): { readonly incarnation?: string } {
    return this.#incarnation === undefined ? {} : { incarnation: this.#incarnation };
  }

  /** @throws `history-lost` when the incarnation that this object knows is gone. */
  async read(options: ReadOptions): Promise<ReadResult> {
    const known = this.#incarnation;
    const result = await this.store.log.read(this.address, options);
    this.#check(known, result.incarnation);
    return result;
  }

  /** `undefined` when the session does not exist, yet or any more. @throws `history-lost` when another one took its place. */
  async head(options: CallOptions = {}): Promise<SessionHead | undefined> {
    const known = this.#incarnation;
    return this.met(known, await this.store.log.head(this.address, options));
  }

  /** As `head`, of what another call answered with. */
  met<Head extends SessionHead | undefined>(known: string | undefined, head: Head): Head {
    if (head !== undefined) this.#check(known, head.incarnation);
    return head;
  }

  /**
   * For a write elsewhere that is made in this session's name. A session that was never met may still begin.
   *
   * @throws `history-lost` when the incarnation that this object knows is gone.
   */
  async requireAlive(options: CallOptions): Promise<void> {
    const known = this.#incarnation;
    if (known !== undefined && (await this.head(signalOf(options))) === undefined) throw historyLost("ended");
  }

  /** Checks what a read of documents saw; a missing document says nothing. */
  saw(known: string | undefined, incarnation: string | undefined): void {
    if (incarnation !== undefined) this.#check(known, incarnation);
  }

  // `known` is from before the read: a first write that ends meanwhile must not make the read look late.
  #check(known: string | undefined, seen: string | undefined): void {
    if (known === undefined) this.#adopt(seen);
    else if (known !== seen) throw historyLost("ended");
  }

  #adopt(incarnation: string | undefined): void {
    this.#incarnation ??= incarnation;
  }
}
