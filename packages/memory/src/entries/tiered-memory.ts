import type {
  CallOptions,
  Document,
  DocumentAddress,
  DocumentInput,
  DocumentStore,
  JsonValue,
  Page,
  PutOptions,
} from "@relevo/core";
import {
  admitCall,
  admitChoice,
  admitId,
  admitInteger,
  admitOptionalId,
  admitOptions,
  documentSortKey,
} from "@relevo/core/input";
import type {
  ChangeValue,
  ForgetOptions,
  HistoryListOptions,
  KeyedMemory,
  MemoryWriteOptions,
  RecallOptions,
  RememberOptions,
  RevertOptions,
  SupersedingOptions,
  TierEntriesOptions,
  TierOptions,
  UpdateMemoryOptions,
} from "../agents/agent-memory.ts";
import type { ValueChange } from "../history/diff-values.ts";
import { mostPast } from "../history/history-options.ts";
import type { PastEntry } from "../history/past-values.ts";
import { admitVersions, diffVersions, listVersions, pastOf } from "../history/read-versions.ts";
import { memoryOperation, type Operated, writeOnce } from "../memory-operation.ts";
import type { MemoryPlace, OpenOrigin, OpenPlace, WriteOrigin } from "../memory-place.ts";
import {
  entriesInTierFields,
  forgetFields,
  historyFields,
  recallFields,
  rememberInTierFields,
  rememberManyFields,
  revertFields,
  updateInTierFields,
} from "../options.ts";
import { admitSuperseded, noteSuperseded } from "../recall/note-superseded.ts";
import type { Runtime } from "../runtime.ts";
import { admitUpdate, retries } from "../session/session-documents.ts";
import { signalOf } from "../signal.ts";
import { documentInput, entryOf, keptFields, type MemoryEntry, type Tier, withoutCategory } from "./entry.ts";
import { isOutage } from "./is-outage.ts";
import type { KeyedPlace } from "./keyed-place.ts";
import { admitValues, type KeyedValue } from "./keyed-values.ts";
import { forgetDocument, replaceAnyway, replaceDocument, replaceDocuments } from "./replace-document.ts";
import { VolatileSlot } from "./volatile-slot.ts";

export const tiers: readonly Tier[] = ["volatile", "durable", "both"];

/** A memory in two tiers at one place; `KeyedMemory` documents its guarantees. */
export class TieredMemory implements KeyedMemory {
  readonly #runtime: Runtime;
  readonly #tenant: string;
  readonly #open: OpenPlace;
  readonly #origin: OpenOrigin | undefined;

  constructor(runtime: Runtime, tenant: string, open: OpenPlace, origin?: OpenOrigin) {
    this.#runtime = runtime;
    this.#tenant = tenant;
    this.#open = open;
    this.#origin = origin;
  }

  async remember(
    key: string,
    value: JsonValue,
    given: RememberOptions & TierOptions & SupersedingOptions = {},
  ): Promise<MemoryEntry> {
    const options = admitOptions(given, rememberInTierFields);
    const tier = admitChoice(options.tier, "tier", tiers, "durable");
    const supersedes = admitSuperseded(options.supersedes, key, tier, this.#runtime.limits);
    const { expectedVersion } = options;
    // Before anything is waited for, because the caller may change its value meanwhile.
    const input = documentInput(this.#runtime, value, options);
    const at = await this.#at(key, options, "read-write");
    const { slot, place } = at;
    if (options.category !== undefined) await place.noteCategory?.(options.category, signalOf(options));
    // What was admitted: the caller may have changed its own by now.
    const request = { remember: key, ...input, supersedes };
    const put: PutOptions = {
      ...signalOf(options),
      ...this.#operation(place, tier, options, request),
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    };
    if (tier === "volatile") {
      const origin = await this.#enter(place, this.#volatile, options);
      const document = await slot.put(input, origin, put);
      await this.#guardVolatile(at, origin, document);
      return this.#entry(place, document, "volatile");
    }
    const origin = await this.#enter(place, this.#durable, options);
    const before = await slot.dropCopy(options);
    for (const older of supersedes ?? [])
      await noteSuperseded(this.#runtime, this.#placeOf(older, place), at.durable, options);
    const replacement = { input, origin, keep: this.#keep(place) };
    const { stored, isPast } = await writeOnce(this.#durable, at.durable, put, () =>
      replaceAnyway(this.#runtime, this.#durable, at.durable, replacement, put),
    );
    await this.#settle(at, origin, stored, tier, isPast ? "past" : before);
    return { ...this.#entry(place, stored, "durable"), tier };
  }

  async rememberMany(
    given: readonly KeyedValue[],
    givenOptions: MemoryWriteOptions = {},
  ): Promise<readonly MemoryEntry[]> {
    const options = admitOptions(givenOptions, rememberManyFields);
    const call = signalOf(options);
    const writes = admitValues(this.#runtime, given);
    const place = await this.#open(call, "read-write");
    for (const category of new Set(writes.flatMap(({ category }) => category ?? [])))
      await place.noteCategory?.(category, call);
    const request = { rememberMany: writes.map(({ key, input }) => ({ key, ...input })) };
    const operated = this.#operation(place, "durable", options, request);
    const origin = await this.#enter(place, this.#durable, options);
    const places = writes.map(({ key }) => this.#placeOf(key, place));
    // A copy that is gone costs speed, and one that stays would be wrong.
    for (const { slot } of places) await slot.dropCopy(options);
    const stored = await replaceDocuments(
      this.#runtime,
      this.#durable,
      writes.map(({ input }, index) => ({ address: (places[index] as KeyedPlace).durable, input })),
      { origin, keep: this.#keep(place) },
      { ...call, ...operated },
    );
    for (const [index, document] of stored.entries())
      await this.#settle(places[index] as KeyedPlace, origin, document, "durable", "taken");
    return stored.map((document) => this.#entry(place, document, "durable"));
  }

  async recall(key: string, options?: RecallOptions): Promise<JsonValue | undefined> {
    return (await this.entry(key, options))?.value;
  }

  async entry(key: string, given: RecallOptions = {}): Promise<MemoryEntry | undefined> {
    const options = admitOptions(given, recallFields);
    const tier = admitChoice(options.tier, "tier", tiers, "both");
    const { slot, place, durable: address } = await this.#at(key, options, "read");
    const durable = async (): Promise<MemoryEntry | undefined> => {
      const document = await this.#durable.get(address, signalOf(options));
      return document && this.#used(address, this.#entry(place, document, "durable"));
    };
    if (tier === "durable") return durable();
    let failure: unknown;
    try {
      const document = await slot.get(options);
      if (document !== undefined) return this.#used(address, this.#entry(place, document, "volatile"));
    } catch (error) {
      if (tier === "volatile" || !isOutage(error)) throw error;
      failure = error;
    }
    if (tier === "volatile") return undefined;
    const found = await durable();
    if (failure === undefined) return found;
    if (found === undefined) throw failure;
    this.#runtime.onError(failure);
    return found;
  }

  async forget(key: string, given: ForgetOptions = {}): Promise<boolean> {
    const options = admitOptions(given, forgetFields);
    const tier = admitChoice(options.tier, "tier", tiers, "both");
    const signal = signalOf(options);
    const { slot, place, durable: address } = await this.#at(key, options, "read-write");
    const operation = (of: "volatile" | "durable"): Operated =>
      this.#operation(place, of, options, { forget: key });
    // Durable first: if this fails afterwards, a retry removes the copy, and no copy can be made of a deleted memory
    // (see `#settle`).
    const durable =
      tier !== "volatile" &&
      (await forgetDocument(this.#runtime, address, { ...signal, ...operation("durable") }));
    if (tier === "durable") await slot.forgetCopy(signal);
    else if (await slot.forget({ ...signal, ...operation("volatile") })) return true;
    return durable;
  }

  async entries(given: TierEntriesOptions = {}): Promise<Page<MemoryEntry>> {
    const options = admitOptions(given, entriesInTierFields);
    const { tier: chosen, ...selected } = options;
    const filter = withoutCategory(this.#runtime, selected);
    const tier = admitChoice(chosen, "tier", ["volatile", "durable"], "durable");
    const place = await this.#open(signalOf(options), "read");
    const documents = tier === "volatile" ? this.#volatile : this.#durable;
    const page = await documents.find(
      { tenant: this.#tenant },
      { ...filter, namespace: place.namespace(tier) },
    );
    const current =
      tier === "durable"
        ? page.items
        : page.items.filter((document) => !this.#slot(place, document.key).isOutdated(document));
    return {
      items: current.map((document) => this.#entry(place, document, tier)),
      ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
    };
  }

  async history(key: string, given: HistoryListOptions = {}): Promise<readonly PastEntry[]> {
    const options = admitOptions(given, historyFields);
    const limit = admitInteger(options.limit === undefined ? 20 : options.limit, "limit", 1, mostPast);
    const { durable, place } = await this.#at(key, options, "read");
    const most = this.#keep(place) || mostPast;
    return listVersions(this.#durable, durable, { limit: Math.min(limit, most), ...signalOf(options) });
  }

  async diff(key: string, from: number, to?: number, given?: CallOptions): Promise<readonly ValueChange[]> {
    const options = admitCall(given);
    const versions = admitVersions(from, to);
    const { durable, place } = await this.#at(key, options, "read");
    const limit = this.#keep(place) || mostPast;
    return diffVersions(this.#durable, durable, versions, { limit, ...options });
  }

  async revert(key: string, version: number, given: RevertOptions = {}): Promise<MemoryEntry> {
    const options = admitOptions(given, revertFields);
    admitInteger(version, "version", 1);
    const past = await this.history(key, { limit: mostPast, ...signalOf(options) });
    const { value, tags, category, metadata } = pastOf(past, version);
    const { reason = `revert to version ${version}`, ...call } = options;
    return this.remember(key, value, { ...call, tags, category, metadata, reason });
  }

  async update(
    key: string,
    change: ChangeValue,
    given: UpdateMemoryOptions & TierOptions = {},
  ): Promise<MemoryEntry | undefined> {
    const options = admitUpdate(change, given, updateInTierFields);
    const tier = admitChoice(options.tier, "tier", tiers, "durable");
    const at = await this.#at(key, options, "read-write");
    const { slot, place } = at;
    if (options.category !== undefined) await place.noteCategory?.(options.category, signalOf(options));
    const operated = this.#operation(place, tier, options, { update: key });
    const call = { ...operated, ...signalOf(options) };
    const guard = { random: this.#runtime.random, ...retries(options), ...call };
    let changed = false;
    const changeValue: ChangeValue = (current) => {
      const value = change(current);
      changed = value !== undefined;
      return value;
    };
    if (tier === "volatile") {
      const origin = await this.#enter(place, this.#volatile, options);
      const document = await slot.update(changeValue, options, origin, guard);
      if (changed && document !== undefined) await this.#guardVolatile(at, origin, document);
      return document && this.#entry(place, document, "volatile");
    }
    const make = (current: Document | undefined): DocumentInput | undefined => {
      const value = changeValue(current?.value);
      if (value === undefined) return undefined;
      return documentInput(this.#runtime, value, keptFields(this.#runtime, current, options));
    };
    const origin = await this.#enter(place, this.#durable, options);
    const before = await slot.dropCopy(options);
    const { stored, isPast, now } = await writeOnce(this.#durable, at.durable, call, () =>
      replaceDocument(
        this.#runtime,
        this.#durable,
        at.durable,
        { make, origin, keep: this.#keep(place) },
        guard,
      ),
    );
    if (stored === undefined) return undefined;
    if (!changed) return this.#entry(place, stored, "durable");
    await this.#settle(at, origin, stored, tier, isPast ? "past" : before);
    const document = isPast ? now : stored;
    return document && { ...this.#entry(place, document, "durable"), tier };
  }

  /**
   * Updates the volatile tier after a successful durable write. A failure of that tier does not fail the call: the durable
   * memory is authoritative, and it is written.
   *
   * @throws when the person was erased meanwhile, with nothing written.
   */
  async #settle(
    { slot, place, durable }: KeyedPlace,
    origin: WriteOrigin,
    document: Document,
    tier: Tier,
    before: "empty" | "taken" | "past",
  ): Promise<void> {
    if (before === "past") {
      // The volatile tier is that of a later write.
    } else if (tier === "durable") {
      if (before === "taken") await slot.invalidate(document.version);
    } else await slot.copy(document, () => this.#durable.get(durable));
    await this.#guard(place, origin, this.#durable, async () => {
      await this.#durable.delete(durable, { expectedVersion: document.version });
      await slot.forgetCopy({});
    });
  }

  async #guardVolatile(
    { place, volatile }: KeyedPlace,
    origin: WriteOrigin,
    document: Document,
  ): Promise<void> {
    await this.#guard(place, origin, this.#volatile, () =>
      this.#volatile.delete(volatile, { expectedVersion: document.version }),
    );
  }

  /** Before a write to this store. @throws `history-lost`; `conflict` while one of those whom it is about is erased. */
  async #enter(
    { guard, by, agent }: MemoryPlace,
    documents: DocumentStore,
    options: CallOptions & { readonly reason?: string | undefined },
  ): Promise<WriteOrigin> {
    const reason = admitOptionalId(options.reason, "reason", this.#runtime.limits);
    const origin = await this.#origin?.(signalOf(options));
    await guard?.enter(documents, options);
    await origin?.guard?.enter(documents, options);
    return { ...origin, by: by ?? agent, reason };
  }

  #keep({ kind }: MemoryPlace): number {
    return this.#runtime.history[kind];
  }

  /** After a write to this store, which `undo` takes back. */
  async #guard(
    { guard, agent }: MemoryPlace,
    origin: WriteOrigin,
    documents: DocumentStore,
    undo: () => Promise<unknown>,
  ): Promise<void> {
    const isNotes = guard !== undefined && agent !== undefined;
    await Promise.all([
      guard?.settle(documents, undo),
      origin.guard?.settle(documents, undo),
      isNotes
        ? this.#runtime.knownAgents.note(this.#durable, this.#tenant, agent, this.#runtime.onError)
        : undefined,
    ]);
  }

  #used(durable: DocumentAddress, entry: MemoryEntry): MemoryEntry {
    if (entry.tier !== "volatile") this.#runtime.uses?.note(durable);
    return entry;
  }

  #operation(place: MemoryPlace, tier: Tier, { operationId }: MemoryWriteOptions, request: object): Operated {
    const of = tier === "volatile" ? "volatile" : "durable";
    return memoryOperation(this.#runtime, place.namespace(of), operationId, { ...request, tier });
  }

  async #at(key: string, options: CallOptions, access: "read" | "read-write"): Promise<KeyedPlace> {
    admitId(key, "key", this.#runtime.limits);
    return this.#placeOf(key, await this.#open(signalOf(options), access));
  }

  #placeOf(key: string, place: MemoryPlace): KeyedPlace {
    return {
      place,
      slot: this.#slot(place, key),
      volatile: this.#address(place, "volatile", key),
      durable: this.#address(place, "durable", key),
    };
  }

  #slot(place: MemoryPlace, key: string): VolatileSlot {
    const address = this.#address(place, "volatile", key);
    const name = `${this.#tenant}\0${documentSortKey(address.namespace, key)}`;
    return new VolatileSlot(this.#runtime, address, name);
  }

  #address(place: MemoryPlace, tier: "volatile" | "durable", key: string): DocumentAddress {
    return { tenant: this.#tenant, namespace: place.namespace(tier), key };
  }

  get #durable(): Runtime["durable"]["documents"] {
    this.#runtime.requireOpen();
    return this.#runtime.durable.documents;
  }

  get #volatile(): Runtime["volatile"]["documents"] {
    this.#runtime.requireOpen();
    return this.#runtime.volatile.documents;
  }

  #entry(place: MemoryPlace, document: Document, tier: "volatile" | "durable"): MemoryEntry {
    return entryOf(document, tier, place.agent);
  }
}
