import {
  type Clock,
  createUuidGenerator,
  type IdGenerator,
  type LimitOverrides,
  type Recall,
  type Summarizer,
  systemClock,
  type TokenCounter,
  type ViewStrategy,
} from "@relevo/core";
import {
  admitChoice,
  admitFields,
  admitNullableTtl,
  admitTenant,
  errorLine,
  type FieldTable,
  fieldTable,
  maxPageSize,
  readArray,
  readInput,
  refuse,
  requireObject,
  resolveLimits,
} from "@relevo/core/input";
import { admitCache, type SessionCacheOptions } from "./cache/cache-options.ts";
import { SessionCache } from "./cache/session-cache.ts";
import { admitHistory, type HistoryOptions } from "./history/history-options.ts";
import { admitRecording } from "./recall/recall-recording.ts";
import type { RecordRecallsOptions } from "./recall/recorded-recall.ts";
import { type Importance, recencyUseAndWeight } from "./retention/importance.ts";
import { admitCountUses, type CountUsesOptions, UseCounts } from "./retention/use-counts.ts";
import { type CopyHolder, type MemoryStore, Runtime } from "./runtime.ts";
import { defaultPage } from "./session/newest-page.ts";
import { createTenant, type Tenant } from "./tenant.ts";

interface CommonOptions {
  /** Chooses what a session's `view` shows; every effective message when left out. */
  readonly view?: ViewStrategy | undefined;
  /**
   * Counts the tokens of each message once, when it is appended. The count is stored with the message under the
   * counter's name, and a view with the same counter uses it. Left out, nothing is counted.
   */
  readonly counter?: TokenCounter | undefined;
  /** The clock for times of messages and events; the system clock when left out. */
  readonly clock?: Clock | undefined;
  /** Makes ids of sessions, messages and executions that have none; UUIDv7 when left out. */
  readonly ids?: IdGenerator | undefined;
  /** Lower limits than those of the stores, checked before a store is called. */
  readonly limits?: LimitOverrides | undefined;
  /**
   * The lifetime of agents' volatile memories, and of volatile copies of durable ones, that have no `ttlMs`; `null` for
   * no expiry. 86,400,000 (one day) when left out.
   */
  readonly volatileTtlMs?: number | null | undefined;
  /**
   * Receives failures that no call throws, such as a volatile copy that could not be written. A warning when left out.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /**
   * Keeps the newest messages of the sessions in use in this process, so that a view right after an append needs no call,
   * and any other view only asks whether something was written. `false` for no cache, or its bounds; when left out it is on
   * unless the store of the sessions is in this process.
   */
  readonly cache?: SessionCacheOptions | boolean | undefined;
  /**
   * What holds copies of what the stores hold, such as a search index: `erase` empties it too. None when left out.
   */
  readonly indexes?: readonly CopyHolder[] | undefined;
  /** Answers `search`, and what `context` recalls for a task: such as `createRecall` of `@relevo/semantic`. */
  readonly recall?: Recall | undefined;
  /**
   * Keeps the last values of durable memories, with who wrote them, when and why: `history`, `diff` and `revert` of each
   * memory by key. Nothing is kept of the kinds that are left out.
   */
  readonly history?: HistoryOptions | undefined;
  /**
   * Keeps what was searched and found, for `tenant.recalls`: with the session, with the person, or for the tenant. Erasures
   * remove it with them. Off when left out.
   */
  readonly recordRecalls?: RecordRecallsOptions | boolean | undefined;
  /**
   * Where `archive` moves sessions. When left out, the durable store if sessions are in the volatile one, and none if not.
   */
  readonly archive?: MemoryStore | undefined;
  /**
   * How much a document is worth keeping, for policies with `belowImportance`. When left out, its `metadata.importance` from 0
   * to 1 (0.5 without), raised by its uses when they are counted, halved for every 30 days since its last write or use. With
   * this or `countUses`, searches with `importance` ask it too, for documents of the durable store; without both, they take
   * `metadata.importance` as it is in the index.
   */
  readonly importance?: Importance | undefined;
  /**
   * Counts how often durable memories of agents, people and workspaces are recalled by key, found by `search`, or shown by
   * `context`, for `importance`. Counted in this process and written later, also by `close`: no read waits for it, and a crash
   * loses the counts since the last write. Off when left out.
   */
  readonly countUses?: CountUsesOptions | boolean | undefined;
  /** Writes what policies with `action: "summarize"` keep of what they remove, such as `extractiveSummarizer()`. */
  readonly summarizer?: Summarizer | undefined;
  /** A number from 0 to 1, for the jitter of retries; `Math.random` when left out. */
  readonly random?: (() => number) | undefined;
}

/** One store for everything. The tiers are then namespaces in it: the same API, without a faster tier. */
export interface OneStoreOptions extends CommonOptions {
  readonly store: MemoryStore;
}

/** Two stores, one for each tier; sessions are kept in one of them. */
export interface TwoStoreOptions extends CommonOptions {
  readonly volatile: MemoryStore;
  readonly durable: MemoryStore;
  readonly sessions: "volatile" | "durable";
}

export type MemoryOptions = OneStoreOptions | TwoStoreOptions;

/** Sessions and agents' memory over one store or two. */
export interface Memory extends AsyncDisposable {
  /** The sessions and agents of one tenant. @throws `invalid-input`; `closed`. */
  tenant(id: string): Tenant;
  /** Makes further calls fail with `closed`, and writes counts that wait. Idempotent. The stores stay open: their creator closes them. */
  close(): Promise<void>;
}

const fields: FieldTable = fieldTable<MemoryOptions>({
  store: "selects",
  volatile: "selects",
  durable: "selects",
  sessions: "selects",
  view: "refines",
  counter: "refines",
  clock: "refines",
  ids: "refines",
  limits: "refines",
  volatileTtlMs: "refines",
  onError: "refines",
  random: "refines",
  cache: "refines",
  indexes: "refines",
  recall: "refines",
  history: "refines",
  recordRecalls: "refines",
  archive: "refines",
  importance: "refines",
  countUses: "refines",
  summarizer: "refines",
});
const dayMs = 24 * 3600 * 1000;

/**
 * Provides tenants, sessions and agents over the stores. It opens no connection and writes nothing by itself.
 *
 * @throws `invalid-input` that names the option.
 * @example
 * ```ts
 * const memory = createMemory({ store: createMemoryStore() });
 * const session = memory.tenant("acme").session("chat-1");
 * await session.append({ role: "user", content: "Hola, me llamo Juan" });
 * ```
 */
export function createMemory(given: MemoryOptions): Memory {
  const options = admitFields(given, "options", fields);
  const stores = admitStores(options);
  const clock = admitObject(options.clock, "clock", ["now"]) ?? systemClock;
  const ttlMs = admitNullableTtl(options.volatileTtlMs, "volatileTtlMs");
  const bounds = admitCache(options.cache, stores.sessions.log);
  const view = admitObject(options.view, "view", ["view"]);
  const counted = admitCountUses(options.countUses);
  const runtime = new Runtime({
    ...stores,
    archive: admitArchive(options.archive, stores),
    importance: admitObject(options.importance, "importance", ["score"]) ?? recencyUseAndWeight,
    ranksByImportance: options.importance !== undefined || counted !== undefined,
    summarizer: admitObject(options.summarizer, "summarizer", ["summarize"]),
    clock,
    ids: admitObject(options.ids, "ids", ["next"]) ?? createUuidGenerator(clock),
    view,
    counter: admitObject(options.counter, "counter", ["countMessage"]),
    limits: resolveLimits(options.limits, stores.sessions.limits),
    checksValues: options.limits !== undefined,
    volatileTtlMs: ttlMs === undefined ? dayMs : (ttlMs ?? undefined),
    onError: admitFunction(options.onError, "onError") ?? warn,
    random: admitFunction(options.random, "random") ?? Math.random,
    indexes: admitIndexes(options.indexes),
    recall: admitObject(options.recall, "recall", ["search"]),
    history: admitHistory(options.history),
    recording: admitRecording(options.recordRecalls),
    cache: bounds && new SessionCache(stores.sessions.log, bounds, view?.reads?.messages ?? defaultPage),
  });
  runtime.uses = counted && new UseCounts(runtime, counted);
  const close = async (): Promise<void> => {
    runtime.close();
    await runtime.uses?.flush();
  };
  return {
    tenant(id) {
      runtime.requireOpen();
      return createTenant(runtime, admitTenant(id, runtime.limits));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function admitStores(options: object): Pick<Runtime, "sessions" | "volatile" | "durable"> {
  const { store, volatile, durable, sessions } = options as Partial<OneStoreOptions & TwoStoreOptions>;
  if (store !== undefined) {
    if (volatile !== undefined || durable !== undefined || sessions !== undefined)
      throw refuse("options", "must have either store, or volatile, durable and sessions.");
    const only = admitStore(store, "store");
    return { sessions: only, volatile: only, durable: only };
  }
  if (volatile === undefined && durable === undefined)
    throw refuse("options.store", "is missing; one store is enough. Or give volatile, durable and sessions.");
  const tiers = { volatile: admitStore(volatile, "volatile"), durable: admitStore(durable, "durable") };
  if (sessions === undefined)
    throw refuse("options.sessions", 'is missing; say whether sessions live in "volatile" or "durable".');
  const tier = admitChoice(sessions, "options.sessions", ["volatile", "durable"], "durable");
  return { ...tiers, sessions: tiers[tier] };
}

function admitArchive(
  given: MemoryStore | undefined,
  { sessions, durable }: Pick<Runtime, "sessions" | "durable">,
): MemoryStore | undefined {
  if (given === undefined) return durable === sessions ? undefined : durable;
  const archive = admitStore(given, "archive");
  if (archive === sessions)
    throw refuse("options.archive", "must be another store than the one in which sessions live.");
  return archive;
}

function admitStore(store: MemoryStore | undefined, name: string): MemoryStore {
  const admitted = admitObject(store, name, []);
  if (admitted === undefined || !readInput(`options.${name}`, () => isStore(admitted)))
    throw refuse(`options.${name}`, "must be a store, with log, documents and limits.");
  return admitted;
}

/** Throws what a getter throws. */
export function isStore(given: unknown): given is MemoryStore {
  const { log, documents, limits } = (given ?? {}) as Partial<MemoryStore>;
  return (
    typeof log?.append === "function" && typeof documents?.put === "function" && typeof limits === "object"
  );
}

function admitObject<Value extends object>(
  input: Value | undefined,
  name: string,
  methods: readonly (keyof Value & string)[],
): Value | undefined {
  if (input === undefined) return undefined;
  requireObject(input, `options.${name}`);
  for (const method of methods) {
    if (readInput(`options.${name}`, () => typeof input[method]) !== "function")
      throw refuse(`options.${name}`, `must have a function ${method}().`);
  }
  return input;
}

function admitIndexes(given: readonly CopyHolder[] | undefined): readonly CopyHolder[] {
  if (given === undefined) return [];
  return readArray(given, "options.indexes", "an array of indexes", maxPageSize).map((index, place) => {
    const name = `options.indexes[${place}]`;
    requireObject(index, name);
    if (readInput(name, () => typeof (index as Partial<CopyHolder>).remove) !== "function")
      throw refuse(name, "must have a function remove().");
    return index as CopyHolder;
  });
}

function admitFunction<Value>(input: Value | undefined, name: string): Value | undefined {
  if (input !== undefined && typeof input !== "function")
    throw refuse(`options.${name}`, "must be a function.");
  return input;
}

/** A failure must be visible even when the application gave no `onError`. */
export function warn(error: unknown): void {
  // Node.js prints the text unescaped, and it may contain text from a server.
  process.emitWarning(errorLine(error), "RelevoWarning");
}
