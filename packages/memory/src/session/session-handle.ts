import {
  type AppendOptions,
  type AppendResult,
  type CallOptions,
  type EventInput,
  MemoryError,
  type ReadOptions,
  type ReadResult,
  type SessionAddress,
  type SessionGuard,
  type SessionHead,
  type SessionInit,
} from "@relevo/core";
import { historyLost } from "@relevo/core/input";
import type { CachedPage } from "../cache/session-cache.ts";
import type { WriteOrigin } from "../memory-place.ts";
import { introduceUser } from "../people/introduce-user.ts";
import { UserGuard } from "../people/user-guard.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import { newestPage } from "./newest-page.ts";

/** A session as seen by one object: its address and, once known, its incarnation. Shared by all parts of the object. */
export class SessionHandle {
  readonly runtime: Runtime;
  readonly address: SessionAddress;
  /** The idle lifetime that each append through this object sets. */
  ttlMs: number | null | undefined;
  #init: SessionInit;
  #incarnation: string | undefined;
  #subject: string | undefined;
  #guard: { readonly user: string; readonly guard: UserGuard } | undefined;
  #opening: Promise<unknown> | undefined;
  /** What the newest call through this object, an append, has left. Until the process takes in anything else. */
  #vouched: CachedPage | undefined;

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

  /** For a call. Whatever it answers may be newer than what an append before it has left. */
  get store(): MemoryStore {
    this.runtime.requireOpen();
    this.#vouched = undefined;
    return this.runtime.sessions;
  }

  /**
   * Performs a write under the known incarnation. While none is known, writes run one at a time and learn it from the
   * result: two first writes with a delete between them must not end in two incarnations.
   */
  async write<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionGuard) => Promise<Result>,
  ): Promise<Result> {
    this.#vouched = undefined;
    while (this.isOpening) await this.#opening;
    if (this.#incarnation !== undefined) return perform({ incarnation: this.#incarnation });
    const first = this.#perform(perform);
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

  /** The first write, which may create the session, and with it a person whom nobody knew. */
  async #perform<Result extends { readonly incarnation?: string } | undefined>(
    perform: (guard: SessionGuard) => Promise<Result>,
  ): Promise<Result> {
    const result = await perform({ init: this.#init });
    const { subject } = this.#init;
    if (subject !== undefined && result?.incarnation !== undefined && mayBeNew(result))
      await introduceUser(this.runtime, this.address, subject, result.incarnation);
    return result;
  }

  /** Appends as `write` does. */
  append(events: readonly EventInput[], options: AppendOptions): Promise<AppendResult> {
    return this.write((guard) => this.appendWith(events, { ...options, ...guard }));
  }

  /** Appends with these options alone. */
  async appendWith(events: readonly EventInput[], options: AppendOptions): Promise<AppendResult> {
    const { log } = this.store;
    const { cache } = this.runtime;
    if (cache === undefined) return log.append(this.address, events, options);
    const { result, cached } = await cache.append(this.address, events, options);
    this.#vouched = cached;
    // Runs when all that waits for this append has gone on, and before the next answer or message is taken in.
    if (cached !== undefined) process.nextTick(() => this.#endVouching(cached));
    return result;
  }

  #endVouching(cached: CachedPage): void {
    if (this.#vouched === cached) this.#vouched = undefined;
  }

  /** Performs a call that removes events: whatever it ends in, nothing that is cached of the session stays. */
  async remove<Result>(perform: () => Promise<Result>): Promise<Result> {
    try {
      return await perform();
    } finally {
      this.runtime.cache?.forget(this.address);
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

  /**
   * The newest messages and summaries, and the pinned messages below them: what a view starts from. From the cache when it
   * is there.
   *
   * @throws `history-lost` when the incarnation that this object knows is gone.
   */
  async readNewest(limit: number, { signal }: CallOptions): Promise<ReadResult> {
    const { cache } = this.runtime;
    if (cache === undefined) return this.read({ ...newestPage, limit, signal });
    const known = this.#incarnation;
    const vouched = this.#vouched;
    this.runtime.requireOpen();
    const page = await cache.read(this.address, limit, vouched, signal);
    this.#require(known, page.incarnation);
    return page;
  }

  /** `undefined` when the session does not exist. @throws `history-lost` when another incarnation has replaced it. */
  async head(options: CallOptions = {}): Promise<SessionHead | undefined> {
    const known = this.#incarnation;
    const head = await this.store.log.head(this.address, options);
    this.learn(known, head?.incarnation);
    return head;
  }

  /**
   * The person that the session belongs to, as the store has it; as given while there is no session.
   *
   * @throws `not-found` when it belongs to nobody; `denied` when this object was given another person; `history-lost`.
   */
  async subject(options: CallOptions): Promise<string> {
    if (this.#subject !== undefined) return this.#subject;
    const { subject: given } = this.#init;
    const head = await this.#aliveHead(options);
    const subject = head === undefined ? given : head.subject;
    if (subject === undefined)
      throw new MemoryError(
        "not-found",
        "The session belongs to no person. Name the subject when you open it first, or with touch.",
      );
    if (given !== undefined && given !== subject)
      throw new MemoryError(
        "denied",
        "The session belongs to another person than the subject that it was opened with.",
      );
    if (head !== undefined) this.#subject = subject;
    return subject;
  }

  /** The session was given to another person. */
  async changeSubject(subject: string, incarnation: string | undefined): Promise<void> {
    this.#subject = undefined;
    this.#init = { ...this.#init, subject };
    if (incarnation !== undefined) await introduceUser(this.runtime, this.address, subject, incarnation);
  }

  /**
   * For a write to another place in this session's name. While no incarnation is known, the session may still be
   * created.
   *
   * @throws `history-lost` when the incarnation that this object knows is gone.
   */
  async origin(options: CallOptions): Promise<WriteOrigin> {
    const { session, tenant } = this.address;
    const head = await this.#aliveHead(options);
    const { subject: user } = head ?? this.#init;
    if (user === undefined) return { session };
    if (this.#guard?.user !== user) {
      const alive = async (call: CallOptions): Promise<void> => void (await this.#aliveHead(call));
      this.#guard = { user, guard: new UserGuard(tenant, user, alive) };
    }
    return { session, user, guard: this.#guard.guard };
  }

  /** @throws `history-lost` as `origin`. */
  async #aliveHead(options: CallOptions): Promise<SessionHead | undefined> {
    const known = this.#incarnation;
    const head = await this.head(signalOf(options));
    if (head === undefined && known !== undefined) throw historyLost("ended");
    return head;
  }

  /** @throws `history-lost` when the incarnation that this object knows is gone. */
  async requireAlive(options: CallOptions): Promise<void> {
    if (this.#incarnation !== undefined) await this.#aliveHead(options);
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

/** Whether the write may have created the session: an append tells, a document does not. */
function mayBeNew(result: object): boolean {
  return !("firstSeq" in result) || result.firstSeq === 1;
}
