import {
  type AppendOptions,
  type AppendResult,
  type EventInput,
  type EventLog,
  type InProcessLog,
  isEvent,
  isInProcessLog,
  type ReadResult,
  type SessionAddress,
  type SessionHead,
  type StoredEvent,
  type StoredEventOf,
  type TokenChange,
} from "@relevo/core";
import { abortable, noteCacheRead, throwIfAborted } from "@relevo/core/input";
import { LRUCache } from "lru-cache";
import { freezeAll } from "../freeze-all.ts";
import { firstPageOf, isLive, type LivePage, newestPage, pageAfter } from "../session/newest-page.ts";
import { whenAllAbort } from "../signal.ts";
import type { CacheBounds } from "./cache-options.ts";

/** What is kept of a session. Never changed: it says what the log was under one token. */
export interface CachedPage {
  readonly page: LivePage;
  /** How many events the page has when the log has as many. */
  readonly limit: number;
  readonly bytes: number;
}

/** A read that callers of the same tick share. It is made after the last of them called, so it is late enough for each. */
interface SharedRead {
  limit: number;
  readonly signals: (AbortSignal | undefined)[];
  readonly result: Promise<ReadResult>;
}

/** A session takes at most this part of the bytes, so that a huge one does not push out all others. */
const largestPart = 8;
const bytesOfSession = 512;
const bytesOfEvent = 512;

/**
 * The newest pages of the sessions in use, each under the token of the state that it shows. A page is never wrong: a
 * token is used once, so whoever sees it as the present one knows that the page is what a read would answer.
 */
export class SessionCache {
  readonly #log: EventLog;
  readonly #inProcess: InProcessLog | undefined;
  readonly #pages: LRUCache<string, CachedPage>;
  readonly #reads: Map<string, SharedRead> = new Map();
  /** Calls under way by session; without them what they answer is not kept, because something was removed meanwhile. */
  readonly #calls: Map<string, { count: number }> = new Map();
  readonly #usualLimit: number;
  readonly #maxPages: number;
  readonly #sweepMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** `usualLimit` is what the views of a session ask for that this memory has begun, as far as it is known before. */
  constructor(log: EventLog, { sessions, bytes, ttlMs }: CacheBounds, usualLimit: number) {
    this.#log = log;
    this.#usualLimit = usualLimit;
    this.#maxPages = sessions;
    this.#inProcess = isInProcessLog(log) ? log : undefined;
    // Both together are the lifetime: what is over when the timer fires is as old as that at most.
    this.#sweepMs = Math.max(1, Math.floor(ttlMs / 4));
    // Not `max`, for which lru-cache reserves room at once.
    this.#pages = new LRUCache({
      maxSize: bytes,
      maxEntrySize: Math.max(1, Math.floor(bytes / largestPart)),
      ttl: Math.max(1, ttlMs - this.#sweepMs),
      // Otherwise it starts a timer each millisecond.
      ttlResolution: 0,
      // Looked up with each call, so that a test's clock moves both this and the timer.
      perf: { now: () => performance.now() },
    });
  }

  /** Appends, and answers the session's page as of this append when it is known without a read. */
  async append(
    address: SessionAddress,
    events: readonly EventInput[],
    options: AppendOptions,
  ): Promise<{ readonly result: AppendResult; readonly cached: CachedPage | undefined }> {
    const key = keyOf(address);
    const call = this.#begin(key);
    let isCurrent = false;
    let answer: AppendResult;
    try {
      answer = await this.#log.append(address, events, { ...options, withEvents: true });
    } finally {
      isCurrent = this.#end(key, call);
    }
    const { events: stored, ...result } = answer;
    if (stored?.some(({ type }) => type === "retraction")) this.forget(address);
    return { result, cached: isCurrent ? this.#follow(key, answer) : undefined };
  }

  /**
   * The newest page with `limit` events, as a read would answer it between this call and its answer, or as of the append
   * that `vouched` for it. Makes one call of the store at most.
   */
  async read(
    address: SessionAddress,
    limit: number,
    vouched: CachedPage | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ReadResult> {
    throwIfAborted(signal);
    const key = keyOf(address);
    const cached = this.#find(key, limit);
    if (cached !== undefined) {
      if (this.#inProcess?.presentToken(address) === cached.page.token) this.#keep(key, cached);
      else if (this.#inProcess !== undefined || cached !== vouched)
        return this.#readShared(key, address, limit, signal);
      noteCacheRead(true);
      return cached.page;
    }
    noteCacheRead(false);
    return this.#readShared(key, address, limit, signal);
  }

  /** Follows a write that changed no event, such as a touch. */
  follow(
    address: SessionAddress,
    { token, previousToken, revision }: TokenChange & Pick<SessionHead, "revision">,
  ): void {
    const key = keyOf(address);
    const cached = this.#pages.get(key);
    if (cached === undefined || token === undefined || previousToken !== cached.page.token) return;
    this.#keep(key, { ...cached, page: { ...cached.page, token, revision } });
  }

  /** Lets go of all that is kept of a session, also of what calls under way will answer. */
  forget(address: SessionAddress): void {
    const key = keyOf(address);
    this.#calls.delete(key);
    this.#pages.delete(key);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#calls.clear();
    this.#pages.clear();
  }

  /** The session's page after an append, unless others wrote in between. */
  #follow(key: string, answer: AppendResult): CachedPage | undefined {
    const cached = this.#pages.get(key);
    if (cached === undefined || cached.page.token !== answer.previousToken) {
      const page = firstPageOf(answer, this.#usualLimit);
      return page && this.#keepPage(key, page, this.#usualLimit);
    }
    // The replay wrote nothing, and nobody else has since the page.
    if (answer.replayed) return this.#keep(key, cached);
    const page = pageAfter(cached.page, answer, cached.limit);
    if (page === undefined) return undefined;
    if (page.below !== cached.page.below) return this.#keepPage(key, page, cached.limit);
    return this.#keep(key, { page, limit: cached.limit, bytes: this.#bytesAfter(cached, page.events) });
  }

  #find(key: string, limit: number): CachedPage | undefined {
    const cached = this.#pages.get(key);
    return cached !== undefined && (cached.limit >= limit || cached.page.next === undefined)
      ? cached
      : undefined;
  }

  async #readShared(
    key: string,
    address: SessionAddress,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<ReadResult> {
    let shared = this.#reads.get(key);
    if (shared === undefined) {
      const opened: SharedRead = {
        limit,
        signals: [],
        result: Promise.resolve().then(() => this.#read(key, address, opened)),
      };
      this.#reads.set(key, opened);
      shared = opened;
    }
    shared.limit = Math.max(shared.limit, limit);
    shared.signals.push(signal);
    return abortable(shared.result, { signal });
  }

  async #read(key: string, address: SessionAddress, { limit, signals }: SharedRead): Promise<ReadResult> {
    this.#reads.delete(key);
    const known = this.#find(key, limit);
    const before = this.#pages.peek(key);
    const call = this.#begin(key);
    const all = whenAllAbort(signals);
    let isCurrent = false;
    let answer: ReadResult;
    try {
      answer = await this.#log.read(address, {
        ...newestPage,
        limit,
        ...(known === undefined ? {} : { unlessToken: known.page.token }),
        signal: all.signal,
      });
    } finally {
      all.release();
      isCurrent = this.#end(key, call) && this.#pages.peek(key) === before;
    }
    if (answer.unchanged === true && known !== undefined) {
      if (isCurrent) this.#keep(key, known);
      return known.page;
    }
    // Callers share it with each other and with the cache.
    freezeAll(answer);
    if (!isCurrent) return answer;
    if (isLive(answer)) this.#keepPage(key, answer, limit);
    else this.#pages.delete(key);
    return answer;
  }

  #keepPage(key: string, page: LivePage, limit: number): CachedPage | undefined {
    let bytes = bytesOfSession;
    for (const event of page.events) bytes += sizeOf(event);
    for (const event of page.below?.pinned ?? []) bytes += sizeOf(event);
    return this.#keep(key, { page, limit, bytes });
  }

  /** Keeps the page for a lifetime from now on; `undefined` when it is too large. */
  #keep(key: string, cached: CachedPage): CachedPage | undefined {
    this.#pages.set(key, cached, { size: cached.bytes });
    if (this.#pages.size > this.#maxPages) this.#pages.pop();
    this.#sweepLater();
    return this.#pages.peek(key) === cached ? cached : undefined;
  }

  /** The bytes of a page that has these events now. Counts those that came and those that went, not all. */
  #bytesAfter({ page, bytes: before }: CachedPage, events: readonly StoredEvent[]): number {
    let bytes = before;
    let added = 0;
    for (; added < events.length; added++) {
      const event = events[added];
      if (event === undefined || event.seq <= page.version) break;
      bytes += sizeOf(event);
    }
    for (const event of page.events.slice(events.length - added)) bytes -= sizeOf(event);
    return bytes;
  }

  #begin(key: string): { count: number } {
    let call = this.#calls.get(key);
    if (call === undefined) {
      call = { count: 0 };
      this.#calls.set(key, call);
    }
    call.count++;
    return call;
  }

  /** Whether nothing was removed from the session since the call began. */
  #end(key: string, call: { count: number }): boolean {
    const isCurrent = this.#calls.get(key) === call;
    if (--call.count === 0 && isCurrent) this.#calls.delete(key);
    return isCurrent;
  }

  /** What is over goes even when nobody calls. One timer for all, which does not keep the process alive. */
  #sweepLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#pages.purgeStale();
      if (this.#pages.size > 0) this.#sweepLater();
    }, this.#sweepMs).unref();
  }
}

function keyOf({ tenant, session }: SessionAddress): string {
  return `${tenant.length}:${tenant}${session}`;
}

/** The memory of an event in bytes, from above: a string takes up to two for each character. */
function sizeOf(event: StoredEvent): number {
  // Of most messages the text is all that can be large.
  if (isEvent(event, "message") && typeof event.body.content === "string" && isPlain(event))
    return bytesOfEvent + 2 * event.body.content.length;
  return bytesOfEvent + 2 * JSON.stringify(event).length;
}

function isPlain({ body, metadata, tokens, derivedFrom }: StoredEventOf<"message">): boolean {
  return (
    metadata === undefined && tokens === undefined && derivedFrom === undefined && body.metadata === undefined
  );
}
