import type {
  CallOptions,
  Clock,
  IdGenerator,
  Limits,
  Recall,
  Store,
  Summarizer,
  TokenCounter,
  ViewStrategy,
} from "@relevo/core";
import { closedError, documentSortKey } from "@relevo/core/input";
import { KnownAgents } from "./agents/known-agents.ts";
import { Lanes } from "./agents/lanes.ts";
import type { SessionCache } from "./cache/session-cache.ts";
import type { HistoryKind } from "./history/history-options.ts";
import type { RecallRecording } from "./recall/recall-recording.ts";
import type { Importance, UseRecords } from "./retention/importance.ts";

/** The part of a store that this package uses, so that a wrapped or partial store fits as well. */
export type MemoryStore = Pick<Store, "limits" | "log" | "documents" | "leases" | "feed">;

/** Names what was removed from a store: a session with all that is in it, or documents that stand alone. */
export type CopySelector =
  | { readonly session: string }
  /** Every document whose namespace begins so; with a key the one of exactly this namespace. */
  | { readonly namespacePrefix: readonly string[]; readonly key?: string };

/** What holds copies of what the stores hold, such as a search index. */
export interface CopyHolder {
  /**
   * Removes what it has of this, and answers how much that was. Called before the stores have removed it and after; it may
   * be called again.
   */
  remove(tenant: string, selector: CopySelector, options?: CallOptions): Promise<number>;
}

const maxOutdated = 10_000;

/** What all parts of one memory share. Internal. */
export class Runtime {
  /** The store of the sessions: their logs, documents and leases. */
  readonly sessions: MemoryStore;
  readonly volatile: MemoryStore;
  readonly durable: MemoryStore;
  /** Where sessions are archived; none when they would stay where they are. */
  readonly archive: MemoryStore | undefined;
  readonly importance: Importance;
  /** Whether searches ask it: it is the application's, or counts uses, which an index knows nothing of. */
  readonly ranksByImportance: boolean;
  /** None when uses are not counted. */
  uses: UseRecords | undefined;
  readonly summarizer: Summarizer | undefined;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly view: ViewStrategy | undefined;
  readonly counter: TokenCounter | undefined;
  /** For what this package checks itself: tenants, names and keys. */
  readonly limits: Limits;
  /** True when the caller set limits of its own, which may be tighter than those of the stores. */
  readonly checksValues: boolean;
  readonly volatileTtlMs: number | undefined;
  readonly onError: (error: unknown) => void;
  /** A number from 0 to 1, for the jitter of retries. */
  readonly random: () => number;
  readonly cache: SessionCache | undefined;
  readonly indexes: readonly CopyHolder[];
  readonly recall: Recall | undefined;
  readonly recording: RecallRecording | undefined;
  /** How many old values are kept of each kind of memory. */
  readonly history: Readonly<Record<HistoryKind, number>>;
  readonly knownAgents: KnownAgents = new KnownAgents();
  readonly lanes: Lanes = new Lanes();
  readonly #outdated: Map<string, number> = new Map();
  #closed = false;

  constructor(parts: {
    readonly sessions: MemoryStore;
    readonly volatile: MemoryStore;
    readonly durable: MemoryStore;
    readonly archive: MemoryStore | undefined;
    readonly importance: Importance;
    readonly ranksByImportance: boolean;
    readonly summarizer: Summarizer | undefined;
    readonly clock: Clock;
    readonly ids: IdGenerator;
    readonly view: ViewStrategy | undefined;
    readonly counter: TokenCounter | undefined;
    readonly limits: Limits;
    readonly checksValues: boolean;
    readonly volatileTtlMs: number | undefined;
    readonly onError: (error: unknown) => void;
    readonly random: () => number;
    readonly cache: SessionCache | undefined;
    readonly indexes: readonly CopyHolder[];
    readonly recall: Recall | undefined;
    readonly history: Readonly<Record<HistoryKind, number>>;
    readonly recording: RecallRecording | undefined;
  }) {
    this.sessions = parts.sessions;
    this.volatile = parts.volatile;
    this.durable = parts.durable;
    this.archive = parts.archive;
    this.importance = parts.importance;
    this.ranksByImportance = parts.ranksByImportance;
    this.summarizer = parts.summarizer;
    this.clock = parts.clock;
    this.ids = parts.ids;
    this.view = parts.view;
    this.counter = parts.counter;
    this.limits = parts.limits;
    this.checksValues = parts.checksValues;
    this.volatileTtlMs = parts.volatileTtlMs;
    this.onError = parts.onError;
    this.random = parts.random;
    this.cache = parts.cache;
    this.indexes = parts.indexes;
    this.recall = parts.recall;
    this.history = parts.history;
    this.recording = parts.recording;
  }

  /** Volatile slots that could not be emptied, with the durable version that is newer than their content. */
  get outdated(): Map<string, number> {
    return this.#outdated;
  }

  noteOutdated(slot: string, durableVersion: number): void {
    this.#outdated.delete(slot);
    this.#outdated.set(slot, durableVersion);
    // A long outage must not fill the memory. The oldest entries are dropped: those copies expire first.
    if (this.#outdated.size > maxOutdated) {
      const oldest = this.#outdated.keys().next();
      if (!oldest.done) this.#outdated.delete(oldest.value);
    }
  }

  /** What is below this namespace was erased. */
  forgetOutdated(tenant: string, namespace: readonly string[]): void {
    // Without the end of the key, the beginning of every key at or below this namespace.
    const prefix = `${tenant}\0${documentSortKey(namespace, "k").slice(0, -2)}`;
    for (const slot of this.#outdated.keys()) {
      if (slot.startsWith(prefix)) this.#outdated.delete(slot);
    }
  }

  close(): void {
    this.#closed = true;
    this.cache?.close();
  }

  /** @throws `closed` after the memory was closed. */
  requireOpen(): void {
    if (this.#closed) throw closedError();
  }
}
