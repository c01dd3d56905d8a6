import { type CallOptions, type Document, MemoryError, type Page, type PageOptions } from "@relevo/core";
import {
  type AdmittedSession,
  admitCall,
  admitChoice,
  admitOptions,
  jsonEquals,
  readInput,
  refuse,
} from "@relevo/core/input";
import { categoryOf, metadataOf, publicTags } from "../entries/entry.ts";
import { admitValues, type KeyedValue } from "../entries/keyed-values.ts";
import { TieredMemory } from "../entries/tiered-memory.ts";
import type { MemoryPlace, OpenOrigin, OpenPlace } from "../memory-place.ts";
import { workspaceEntriesNamespace } from "../namespaces.ts";
import { pageFields } from "../options.ts";
import type { Runtime } from "../runtime.ts";
import { SessionHandle } from "../session/session-handle.ts";
import { signalOf } from "../signal.ts";
import { listCategories, noteCategory } from "./categories.ts";
import {
  type Asking,
  admitActor,
  admitParty,
  deleteGrant,
  listRecords,
  putGrant,
  requireAccess,
  type WorkspacePlace,
} from "./grants.ts";
import type {
  ImportResult,
  SharedMemory,
  Workspace,
  WorkspaceAccess,
  WorkspaceActor,
  WorkspaceGrant,
  WorkspaceParty,
  WorkspaceRefusal,
} from "./workspace.ts";

/** Entries that an import writes at once: each may be large. */
const importedAtOnce = 100;

/** A workspace as somebody may use it; as its owner may when nobody is named. */
class AccessedMemory extends TieredMemory implements SharedMemory {
  readonly tenant: string;
  readonly name: string;
  readonly #runtime: Runtime;
  readonly #open: OpenPlace;

  constructor(
    runtime: Runtime,
    { tenant, name }: WorkspacePlace,
    by: { readonly asking?: Asking; readonly origin?: OpenOrigin | undefined } = {},
  ) {
    const { asking, origin } = by;
    const place: MemoryPlace = {
      kind: "workspaces",
      by: asking && writerOf(asking),
      namespace: (tier) => workspaceEntriesNamespace(name, tier),
      noteCategory: (category, options) =>
        noteCategory(runtime.durable.documents, { tenant, name }, category, options),
    };
    const open: OpenPlace = async (options, access) => {
      runtime.requireOpen();
      if (asking !== undefined) await requireAccess(runtime, { tenant, name }, asking, access, options);
      return place;
    };
    super(runtime, tenant, open, origin);
    this.tenant = tenant;
    this.name = name;
    this.#runtime = runtime;
    this.#open = open;
  }

  async import(
    source: Iterable<KeyedValue> | AsyncIterable<KeyedValue>,
    given?: CallOptions,
  ): Promise<ImportResult> {
    const options = admitCall(given);
    const isSource = readInput(
      "source",
      () =>
        typeof source === "object" &&
        source !== null &&
        (Symbol.asyncIterator in source || Symbol.iterator in source),
    );
    if (!isSource) throw refuse("source", "must be a list or a stream of entries.");
    // Refused before anything of the source is read.
    await this.#open(options, "read-write");
    let batch = new Map<string, KeyedValue>();
    const total = { imported: 0, unchanged: 0 };
    const flush = async (): Promise<void> => {
      const entries = [...batch.values()];
      batch = new Map();
      admitValues(this.#runtime, entries);
      const changed = await this.#changed(entries, options);
      total.unchanged += entries.length - changed.length;
      await this.#rememberParts(changed, options);
      total.imported += changed.length;
    };
    const { batchItems, batchBytes } = this.#runtime.durable.limits;
    const size = Math.min(importedAtOnce, Math.ceil(batchItems / 2));
    let units = 0;
    for await (const entry of source) {
      const more = unitsOf(entry);
      // The later one of two with one key counts, as if each were remembered by itself.
      const isFull = batch.size >= size || units + more > batchBytes / 8;
      if (batch.size > 0 && (isFull || batch.has(entry?.key))) {
        await flush();
        units = 0;
      }
      batch.set(entry?.key, entry);
      units += more;
    }
    if (batch.size > 0) await flush();
    return total;
  }

  /** In one write, or in halves when that is too much: with a history the values that are replaced are in it too. */
  async #rememberParts(entries: readonly KeyedValue[], options: CallOptions): Promise<void> {
    if (entries.length === 0) return;
    try {
      await this.rememberMany(entries, options);
    } catch (error) {
      const { limit } = MemoryError.isInstance(error, "too-large") ? error.details : {};
      if (limit !== "batchBytes" || entries.length === 1) throw error;
      const half = Math.ceil(entries.length / 2);
      await this.#rememberParts(entries.slice(0, half), options);
      await this.#rememberParts(entries.slice(half), options);
    }
  }

  /** Those that are not there exactly so. */
  async #changed(entries: readonly KeyedValue[], options: CallOptions): Promise<KeyedValue[]> {
    const { tenant, name } = this;
    const namespace = workspaceEntriesNamespace(name, "durable");
    const addresses = entries.map(({ key }) => ({ tenant, namespace, key }));
    const found = await this.#runtime.durable.documents.getMany(addresses, signalOf(options));
    return entries.filter((entry, index) => !isSame(entry, found[index]));
  }

  async categories(given: PageOptions = {}): Promise<Page<string>> {
    const options = admitOptions(given, pageFields);
    await this.#open(signalOf(options), "read");
    return listCategories(this.#runtime, this, options);
  }
}

/** Of the entry as JSON, each at most three bytes; what is no JSON is refused when it is written. */
function unitsOf(entry: KeyedValue): number {
  try {
    return JSON.stringify(entry)?.length ?? 0;
  } catch {
    return 0;
  }
}

/** Who writes, for the history of a value. */
function writerOf(asking: Asking): string | undefined {
  if ("tenant" in asking) return `tenant:${asking.tenant}`;
  return asking.agent ?? asking.roles?.map((role) => `role:${role}`).join(" ");
}

/** A lifetime is counted from now on, so an entry with one is never the same. */
function isSame(entry: KeyedValue, document: Document | undefined): boolean {
  if (document === undefined || entry.ttlMs !== undefined || document.expiresAt !== undefined) return false;
  const tags = [...new Set(entry.tags ?? [])].sort();
  return (
    jsonEquals(entry.value, document.value) &&
    jsonEquals(entry.metadata ?? {}, metadataOf(document)) &&
    jsonEquals(tags, [...publicTags(document)].sort()) &&
    entry.category === categoryOf(document)
  );
}

class OwnedWorkspace extends AccessedMemory implements Workspace {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime, place: WorkspacePlace) {
    super(runtime, place);
    this.#runtime = runtime;
  }

  as(actor: WorkspaceActor): SharedMemory {
    const { actor: asking, session } = admitActor(this.#runtime, this.tenant, actor);
    const origin = session && originIn(this.#runtime, session);
    return new AccessedMemory(this.#runtime, this, { asking, origin });
  }

  async grant(to: WorkspaceParty, access: WorkspaceAccess, given?: CallOptions): Promise<WorkspaceGrant> {
    const options = admitCall(given);
    const party = admitParty(this.#runtime, this.tenant, to);
    if (access === undefined) throw refuse("access", 'is missing: "read" or "read-write".');
    const allowed = admitChoice(access, "access", ["read", "read-write"], "read");
    this.#runtime.requireOpen();
    return putGrant(this.#runtime, this, party, allowed, options);
  }

  async revoke(from: WorkspaceParty, given?: CallOptions): Promise<boolean> {
    const options = admitCall(given);
    const party = admitParty(this.#runtime, this.tenant, from);
    this.#runtime.requireOpen();
    return deleteGrant(this.#runtime, this, party, options);
  }

  async grants(given: PageOptions = {}): Promise<Page<WorkspaceGrant>> {
    const options = admitOptions(given, pageFields);
    this.#runtime.requireOpen();
    return listRecords(this.#runtime, this, "grants", options);
  }

  async refusals(given: PageOptions = {}): Promise<Page<WorkspaceRefusal>> {
    const options = admitOptions(given, pageFields);
    this.#runtime.requireOpen();
    return listRecords(this.#runtime, this, "refusals", options);
  }
}

/** A workspace of this tenant, with every right. */
export function createWorkspace(runtime: Runtime, tenant: string, name: string): Workspace {
  return new OwnedWorkspace(runtime, { tenant, name });
}

/** A workspace of another tenant, with the rights that this one was granted. */
export function createSharedWorkspace(runtime: Runtime, tenant: string, place: WorkspacePlace): SharedMemory {
  return new AccessedMemory(runtime, place, { asking: { tenant } });
}

/** What is written in this session, for its person's erasure. */
function originIn(runtime: Runtime, session: AdmittedSession): OpenOrigin {
  const { address, incarnation } = session;
  const handle = new SessionHandle(runtime, address, { init: {}, ttlMs: undefined, incarnation });
  return handle.origin.bind(handle);
}
