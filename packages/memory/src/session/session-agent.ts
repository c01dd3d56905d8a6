import { type CallOptions, fingerprint, type JsonValue, MemoryError, type Page } from "@relevo/core";
import { admitChoice, admitOptions } from "@relevo/core/input";
import type {
  AgentMemory,
  ChangeValue,
  ForgetOptions,
  HistoryListOptions,
  MemoryWriteOptions,
  RecallOptions,
  RememberOptions,
  RevertOptions,
  SupersedingOptions,
  TierEntriesOptions,
  TierOptions,
  UpdateMemoryOptions,
  UserNotes,
  UserReference,
} from "../agents/agent-memory.ts";
import { createUserNotes } from "../agents/create-agent.ts";
import { Outcomes } from "../agents/outcomes.ts";
import type { MemoryEntry } from "../entries/entry.ts";
import type { KeyedValue } from "../entries/keyed-values.ts";
import { TieredMemory, tiers } from "../entries/tiered-memory.ts";
import type { ValueChange } from "../history/diff-values.ts";
import type { PastEntry } from "../history/past-values.ts";
import { agentPlace } from "../memory-place.ts";
import { sessionAgentNamespace } from "../namespaces.ts";
import {
  entriesInTierFields,
  forgetFields,
  recallFields,
  rememberInTierFields,
  rememberManyFields,
  updateInTierFields,
} from "../options.ts";
import { admitSuperseded } from "../recall/note-superseded.ts";
import { signalOf } from "../signal.ts";
import { admitUpdate, SessionDocuments } from "./session-documents.ts";
import type { SessionHandle } from "./session-handle.ts";

/** An agent in one session: its notes in the session hide its memory across sessions. */
export class SessionAgent extends Outcomes implements AgentMemory {
  readonly name: string;
  readonly #handle: SessionHandle;
  readonly #inSession: SessionDocuments;
  readonly #acrossSessions: TieredMemory;

  constructor(handle: SessionHandle, name: string, fence: () => number | undefined) {
    super(handle.runtime, handle.address.tenant, name, handle.origin.bind(handle));
    this.name = name;
    this.#handle = handle;
    this.#inSession = new SessionDocuments(handle, sessionAgentNamespace(name), { fence, agent: name });
    this.#acrossSessions = new TieredMemory(
      handle.runtime,
      handle.address.tenant,
      agentPlace(name),
      handle.origin.bind(handle),
    );
  }

  for(user: UserReference): UserNotes {
    const { runtime, address } = this.#handle;
    return createUserNotes(runtime, address.tenant, this.name, user, this.#handle);
  }

  async remember(
    key: string,
    value: JsonValue,
    given: RememberOptions & TierOptions & SupersedingOptions = {},
  ): Promise<MemoryEntry> {
    const options = admitOptions(given, rememberInTierFields);
    // Notes of the session have no history.
    const { tier: chosen, reason, ...fields } = options;
    const tier = admitChoice(chosen, "tier", tiers, "volatile");
    admitSuperseded(fields.supersedes, key, tier, this.#handle.runtime.limits);
    if (tier === "volatile") return this.#inSession.remember(key, value, fields);
    const entry = await this.#acrossSessions.remember(key, value, { ...fields, tier, reason });
    await this.#dropNote(key, options);
    return entry;
  }

  async rememberMany(
    entries: readonly KeyedValue[],
    given: MemoryWriteOptions = {},
  ): Promise<readonly MemoryEntry[]> {
    const options = admitOptions(given, rememberManyFields);
    const stored = await this.#acrossSessions.rememberMany(entries, options);
    for (const { key } of stored) await this.#dropNote(key, options, key);
    return stored;
  }

  history(key: string, options?: HistoryListOptions): Promise<readonly PastEntry[]> {
    return this.#acrossSessions.history(key, options);
  }

  diff(key: string, from: number, to?: number, options?: CallOptions): Promise<readonly ValueChange[]> {
    return this.#acrossSessions.diff(key, from, to, options);
  }

  async revert(key: string, version: number, options: RevertOptions = {}): Promise<MemoryEntry> {
    const entry = await this.#acrossSessions.revert(key, version, options);
    await this.#dropNote(key, options);
    return entry;
  }

  async recall(key: string, options?: RecallOptions): Promise<JsonValue | undefined> {
    return (await this.entry(key, options))?.value;
  }

  async entry(key: string, given: RecallOptions = {}): Promise<MemoryEntry | undefined> {
    const options = admitOptions(given, recallFields);
    const { tier: chosen, ...call } = options;
    const tier = admitChoice(chosen, "tier", tiers, "both");
    const found = tier === "durable" ? undefined : await this.#inSession.entry(key, call);
    if (found !== undefined || tier === "volatile") return found;
    return this.#acrossSessions.entry(key, { ...call, tier });
  }

  async forget(key: string, given: ForgetOptions = {}): Promise<boolean> {
    const options = admitOptions(given, forgetFields);
    const { tier: chosen, ...call } = options;
    const tier = admitChoice(chosen, "tier", tiers, "both");
    const across = tier !== "volatile" && (await this.#acrossSessions.forget(key, { ...call, tier }));
    const within = tier !== "durable" && (await this.#inSession.forget(key, call));
    return across || within;
  }

  async entries(given: TierEntriesOptions = {}): Promise<Page<MemoryEntry>> {
    const options = admitOptions(given, entriesInTierFields);
    const { tier: chosen, ...filter } = options;
    const tier = admitChoice(chosen, "tier", ["volatile", "durable"], "volatile");
    if (tier === "volatile") return this.#inSession.entries(filter);
    return this.#acrossSessions.entries({ ...filter, tier });
  }

  async update(
    key: string,
    change: ChangeValue,
    given: UpdateMemoryOptions & TierOptions = {},
  ): Promise<MemoryEntry | undefined> {
    const options = admitUpdate(change, given, updateInTierFields);
    const { tier: chosen, reason, ...fields } = options;
    const tier = admitChoice(chosen, "tier", tiers, "volatile");
    if (tier === "volatile") return this.#inSession.update(key, change, fields);
    let changed = false;
    const entry = await this.#acrossSessions.update(
      key,
      (current) => {
        const value = change(current);
        changed = value !== undefined;
        return value;
      },
      { ...fields, tier, reason },
    );
    if (changed) await this.#dropNote(key, options);
    return entry;
  }

  /** `recall` returns what was remembered last, so an older note of the session is removed. */
  async #dropNote(key: string, options: MemoryWriteOptions, ...of: readonly string[]): Promise<void> {
    const { operationId: id } = options;
    // Once as well, or a retry would drop a note that was made since.
    const once = id === undefined ? {} : { operationId: fingerprint(["drop", id, ...of]) };
    try {
      await this.#inSession.forget(key, { ...once, ...signalOf(options) });
    } catch (error) {
      // The session has ended, and its notes with it.
      if (!MemoryError.isInstance(error, "history-lost")) throw error;
    }
  }
}
