import {
  type Document,
  type DocumentAddress,
  type JsonValue,
  MemoryError,
  type Page,
  type PutOptions,
  updateDocument,
} from "@relevo/core";
import { admitChoice, admitOptions, documentSortKey } from "@relevo/core/input";
import type {
  AgentMemory,
  ChangeValue,
  ForgetOptions,
  RecallOptions,
  RememberOptions,
  TierEntriesOptions,
  TierOptions,
  UpdateMemoryOptions,
} from "./agent-memory.ts";
import { documentInput, entryOf, keptFields, type MemoryEntry, type Tier } from "./entry.ts";
import { agentNamespace } from "./namespaces.ts";
import {
  entriesInTierFields,
  forgetFields,
  recallFields,
  rememberInTierFields,
  updateInTierFields,
} from "./options.ts";
import type { Runtime } from "./runtime.ts";
import { retries } from "./session-documents.ts";
import { signalOf } from "./signal.ts";
import { VolatileSlot } from "./volatile-slot.ts";

export const tiers: readonly Tier[] = ["volatile", "durable", "both"];

/** The memory of one agent across sessions, in two tiers; `AgentMemory` documents its guarantees. */
export class TieredMemory implements AgentMemory {
  readonly name: string;
  readonly #runtime: Runtime;
  readonly #tenant: string;
  readonly #madeIn: string | undefined;

  constructor(runtime: Runtime, tenant: string, agent: string, madeIn?: string) {
    this.name = agent;
    this.#runtime = runtime;
    this.#tenant = tenant;
    this.#madeIn = madeIn;
  }

  async remember(
    key: string,
    value: JsonValue,
    given: RememberOptions & TierOptions = {},
  ): Promise<MemoryEntry> {
    const options = admitOptions(given, rememberInTierFields);
    const tier = admitChoice(options.tier, "tier", tiers, "durable");
    const put: PutOptions = {
      ...signalOf(options),
      ...(options.expectedVersion === undefined ? {} : { expectedVersion: options.expectedVersion }),
    };
    const slot = this.#slot(key);
    if (tier === "volatile") return this.#entry(await slot.put(value, options, put), "volatile");
    const input = documentInput(this.#runtime, value, options, this.#notes());
    const before = await slot.dropCopy(options);
    const document = await this.#durable.put(this.#address("durable", key), input, put);
    await this.#settle(slot, document, tier, before);
    return { ...this.#entry(document, "durable"), tier };
  }

  async recall(key: string, options?: RecallOptions): Promise<JsonValue | undefined> {
    return (await this.entry(key, options))?.value;
  }

  async entry(key: string, given: RecallOptions = {}): Promise<MemoryEntry | undefined> {
    const options = admitOptions(given, recallFields);
    const tier = admitChoice(options.tier, "tier", tiers, "both");
    const durable = async (): Promise<MemoryEntry | undefined> => {
      const document = await this.#durable.get(this.#address("durable", key), signalOf(options));
      return document && this.#entry(document, "durable");
    };
    if (tier === "durable") return durable();
    let failure: unknown;
    try {
      const document = await this.#slot(key).get(options);
      if (document !== undefined) return this.#entry(document, "volatile");
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
    const slot = this.#slot(key);
    // Durable first: if this fails afterwards, a retry removes the copy, and no copy can be made of a deleted memory
    // (see `#settle`).
    const durable =
      tier !== "volatile" && (await this.#durable.delete(this.#address("durable", key), signal));
    if (tier === "durable") await slot.forgetCopy(signal);
    else if (await slot.forget(signal)) return true;
    return durable;
  }

  async entries(given: TierEntriesOptions = {}): Promise<Page<MemoryEntry>> {
    const options = admitOptions(given, entriesInTierFields);
    const { tier: chosen, ...filter } = options;
    const tier = admitChoice(chosen, "tier", ["volatile", "durable"], "durable");
    const documents = tier === "volatile" ? this.#volatile : this.#durable;
    const page = await documents.find(
      { tenant: this.#tenant },
      { ...filter, namespace: agentNamespace(tier, this.name) },
    );
    const current =
      tier === "durable"
        ? page.items
        : page.items.filter((document) => !this.#slot(document.key).isOutdated(document));
    return {
      items: current.map((document) => this.#entry(document, tier)),
      ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
    };
  }

  async update(
    key: string,
    change: ChangeValue,
    given: UpdateMemoryOptions & TierOptions = {},
  ): Promise<MemoryEntry | undefined> {
    const options = admitOptions(given, updateInTierFields);
    const tier = admitChoice(options.tier, "tier", tiers, "durable");
    const slot = this.#slot(key);
    const guard = { random: this.#runtime.random, ...retries(options), ...signalOf(options) };
    if (tier === "volatile") {
      const document = await slot.update(change, options, guard);
      return document && this.#entry(document, "volatile");
    }
    const before = await slot.dropCopy(options);
    let changed = false;
    const document = await updateDocument(
      this.#durable,
      this.#address("durable", key),
      (current) => {
        const value = change(current?.value);
        changed = value !== undefined;
        if (value === undefined) return undefined;
        return documentInput(
          this.#runtime,
          value,
          keptFields(this.#runtime, current, options),
          this.#notes(current),
        );
      },
      guard,
    );
    if (document === undefined) return undefined;
    if (!changed) return this.#entry(document, "durable");
    await this.#settle(slot, document, tier, before);
    return { ...this.#entry(document, "durable"), tier };
  }

  /**
   * Updates the volatile tier after a successful durable write. Nothing here fails the call: the durable memory is
   * authoritative, and it is written.
   */
  async #settle(
    slot: VolatileSlot,
    document: Document,
    tier: Tier,
    before: "empty" | "taken",
  ): Promise<void> {
    if (tier === "durable") {
      if (before === "taken") await slot.invalidate(document.version);
      return;
    }
    const copy = await slot.putCopy(document);
    if (copy === undefined) return;
    // Between the durable write and the copy, another writer may have deleted the memory or written a newer one.
    try {
      const now = await this.#durable.get(this.#address("durable", document.key));
      if (now?.version !== document.version) await slot.invalidate(document.version, copy.version);
    } catch (error) {
      this.#runtime.onError(error);
      await slot.invalidate(document.version);
    }
  }

  #notes(current?: Document): { readonly session?: string } {
    if (this.#madeIn !== undefined) return { session: this.#madeIn };
    const session = current && entryOf(current, "durable").session;
    return session === undefined ? {} : { session };
  }

  #slot(key: string): VolatileSlot {
    const address = this.#address("volatile", key);
    const name = `${this.#tenant}\0${documentSortKey(address.namespace, key)}`;
    return new VolatileSlot(this.#runtime, address, name);
  }

  #address(tier: "volatile" | "durable", key: string): DocumentAddress {
    return { tenant: this.#tenant, namespace: agentNamespace(tier, this.name), key };
  }

  get #durable(): Runtime["durable"]["documents"] {
    this.#runtime.requireOpen();
    return this.#runtime.durable.documents;
  }

  get #volatile(): Runtime["volatile"]["documents"] {
    this.#runtime.requireOpen();
    return this.#runtime.volatile.documents;
  }

  #entry(document: Document, tier: "volatile" | "durable"): MemoryEntry {
    return entryOf(document, tier, this.name);
  }
}

/** True when the store could not answer, as opposed to refused input and aborted calls. */
export function isOutage(error: unknown): boolean {
  return !["invalid-input", "too-large", "aborted"].some((code) =>
    MemoryError.isInstance(error, code as "aborted"),
  );
}
