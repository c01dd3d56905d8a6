import {
  type CallOptions,
  isConflict,
  type OperationRecord,
  type SeqRange,
  type SessionAddress,
  type SessionHead,
  type StoredEvent,
  type TransferBatch,
  type TransferredDocument,
} from "@relevo/core";
import { admitId } from "@relevo/core/input";
import { markComplete, unmark } from "../archive/archive-mark.ts";
import { toArchived } from "../archive/archived-batch.ts";
import { aboutTag } from "../entries/entry.ts";
import { namespaces } from "../namespaces.ts";
import { introduceUser } from "../people/introduce-user.ts";
import { UserGuard } from "../people/user-guard.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";
import { damaged, type ExportLine } from "./export-format.ts";
import { transferOf } from "./export-lines.ts";

/** In a batch; less where the store takes less. */
const itemsAtOnce = 500;
/** Of the batch as JSON, in UTF-16 units, which are at most three bytes each. */
const unitsAtOnce = 4 * 1024 * 1024;

/**
 * A revision that is beyond any that a session reaches by being used: what was retracted or trimmed before the export
 * counts as removed after everything that a writer elsewhere can have read. As much room is left above it.
 */
const beyondRevision = 2 ** 40;

/** The most removed ranges that a batch may name. */
const maxRanges = 100;

type Removed = TransferBatch["removed"][number];

/** What an export says of a session. */
type SessionFacts = Pick<
  SessionHead,
  "session" | "incarnation" | "version" | "firstSeq" | "subject" | "metadata" | "createdAt" | "updatedAt"
> & { readonly ttlMs?: number; readonly archived?: number };

/** A session that is being imported. Sealed until it is whole. */
interface OpenSession {
  readonly store: MemoryStore;
  readonly address: SessionAddress;
  readonly facts: SessionFacts;
  /** When it was archived, where there is an archive. */
  readonly archivedAt: number | undefined;
  /** Whether it was here, unsealed, before: it is opened again whatever happens. */
  readonly wasOpen: boolean;
  readonly isNew: boolean;
  /** That this import has given it last, once it has written any of it. */
  token: string | undefined;
}

/** Writes what an export holds, in batches. Lines come in the order of the export, and are known to be undamaged. */
export class Importer {
  readonly #runtime: Runtime;
  readonly #tenant: string;
  readonly #call: CallOptions;
  readonly #introduces: boolean;
  #open: OpenSession | undefined;
  #events: StoredEvent[] = [];
  #operations: OperationRecord[] = [];
  #removed: Removed[] = [];
  #documents: TransferredDocument[] = [];
  #documentStore: MemoryStore | undefined;
  /** Of the people whom the export is about, by the tag of what was learned from them. */
  readonly #guards: Map<string, UserGuard> = new Map();
  #units = 0;
  #unchanged = 0;
  #expired = 0;

  /** `introduces` people of whom the export has nothing but sessions. */
  constructor(
    runtime: Runtime,
    tenant: string,
    { introduces, ...call }: CallOptions & { readonly introduces: boolean },
  ) {
    this.#runtime = runtime;
    this.#tenant = tenant;
    this.#call = call;
    this.#introduces = introduces;
  }

  get unchanged(): number {
    return this.#unchanged;
  }

  get expired(): number {
    return this.#expired;
  }

  /** @throws `conflict` while the person whose export it is is being erased. */
  async begin(user: string | undefined): Promise<void> {
    if (user !== undefined) await this.#requireWelcome(user);
  }

  /** @throws `corrupt` for a line that says nothing here; what the stores throw, with the session sealed as it was. */
  async take(line: ExportLine, at: { readonly place: number; readonly units: number }): Promise<void> {
    try {
      await this.#take(line, at.place);
      await this.#grow(at.units);
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
  }

  async #take({ kind, ...fields }: ExportLine, place: number): Promise<void> {
    switch (kind) {
      case "session":
        await this.#endSession();
        return this.#openSession(fields as unknown as SessionFacts);
      case "event":
        return this.#takeEvent(fields, place);
      case "operation":
        return this.#takeOperation(fields, place);
      case "document":
        return this.#takeDocument(fields, place);
      case "ended":
        return this.#dropSession();
      case "end":
        return;
      default:
        throw damaged(place, `is of a kind that is not known: ${String(kind).slice(0, 32)}`);
    }
  }

  /** Everything was read. */
  async finish(): Promise<void> {
    try {
      await this.#endSession();
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
  }

  async #openSession(facts: SessionFacts): Promise<void> {
    const { archive, sessions } = this.#runtime;
    // One that was archived where it came from stays so, where there is an archive.
    const archivedAt = archive === undefined ? undefined : facts.archived;
    const store = (archivedAt === undefined ? undefined : archive) ?? sessions;
    const address = { tenant: this.#tenant, session: facts.session };
    const { log } = transferOf(store);
    if (facts.subject !== undefined) await this.#requireWelcome(facts.subject);
    const here = await log.head(address, this.#call);
    const isOpen = here?.incarnation === facts.incarnation && here.sealed !== true;
    // An older copy is continued; a sealed one is what an import before has left, or an archive.
    const wasOpen = isOpen && here.version < facts.version;
    if (wasOpen) await log.seal(address, { incarnation: facts.incarnation, ...this.#call });
    this.#open = { store, address, facts, archivedAt, wasOpen, isNew: here === undefined, token: undefined };
    // What was trimmed there is removed for whoever has read it.
    if (facts.firstSeq > 1) this.#removed.push({ from: 1, to: facts.firstSeq - 1, revision: beyondRevision });
  }

  /** A person whose data is being erased gets none back meanwhile, nor from an import that began before. */
  async #requireWelcome(user: string): Promise<void> {
    const tag = aboutTag(admitId(user, "user", this.#runtime.limits));
    const guard = this.#guards.get(tag) ?? new UserGuard(this.#tenant, user);
    await guard.enter(this.#runtime.durable.documents, this.#call);
    this.#guards.set(tag, guard);
  }

  /** After what is there of the session was written. @throws `conflict`; `history-lost`, with the session gone. */
  async #settleSession({ store, address, facts }: OpenSession): Promise<void> {
    const { subject, incarnation } = facts;
    if (subject === undefined) return;
    await this.#guards.get(aboutTag(subject))?.settle(this.#runtime.durable.documents, async () => {
      if (store === this.#runtime.archive) await unmark(store, address, incarnation, {});
      await store.log.delete(address, { incarnation });
    });
  }

  /** After documents that stand alone were written. @throws as `#settleSession`, with those about the person gone. */
  async #settleDocuments(store: MemoryStore, documents: readonly TransferredDocument[]): Promise<void> {
    const about = new Map<UserGuard, TransferredDocument[]>();
    for (const document of documents) {
      const { namespace, tags } = document;
      const [first, person] = namespace;
      const own = first === namespaces.users[0] && person !== undefined ? [aboutTag(person)] : [];
      for (const tag of [...own, ...(tags ?? [])]) {
        const guard = this.#guards.get(tag);
        if (guard !== undefined) about.set(guard, [...(about.get(guard) ?? []), document]);
      }
    }
    for (const [guard, written] of about)
      await guard.settle(this.#runtime.durable.documents, async () => {
        for (const { namespace, key, version } of written)
          await store.documents
            .delete({ tenant: this.#tenant, namespace, key }, { expectedVersion: version })
            .catch((error: unknown) => {
              // Written by somebody who came after the erasure.
              if (!isConflict(error, "version")) throw error;
            });
      });
  }

  async #takeEvent(fields: object, place: number): Promise<void> {
    const { session, erasedRevision, ...event } = fields as StoredEvent & {
      readonly session: string;
      readonly erasedRevision?: number;
    };
    this.#sessionOf(session, place);
    const range: SeqRange = { from: event.seq, to: event.seq };
    if (erasedRevision !== undefined) this.#removed.push({ ...range, revision: erasedRevision });
    else if (event.retractedBy !== undefined) this.#removed.push({ ...range, revision: beyondRevision });
    this.#events.push(event as StoredEvent);
  }

  async #takeOperation(fields: object, place: number): Promise<void> {
    const { session, id, fingerprint, firstSeq, version, revision } = fields as {
      readonly session: string;
      readonly id: string;
      readonly fingerprint: string;
      readonly firstSeq: number;
      readonly version: number;
      readonly revision: number;
    };
    const { incarnation } = this.#sessionOf(session, place).facts;
    this.#operations.push({ id, fingerprint, result: { firstSeq, version, incarnation, revision } });
  }

  async #takeDocument(fields: object, place: number): Promise<void> {
    const { session, tier, ...document } = fields as TransferredDocument & {
      readonly session?: string;
      readonly tier?: "volatile";
    };
    if (session !== undefined) {
      const { store } = this.#sessionOf(session, place);
      await this.#flushEvents();
      this.#documentStore = store;
    } else {
      await this.#endSession();
      const [first, person] = document.namespace;
      if (first === namespaces.users[0] && person !== undefined) await this.#requireWelcome(person);
      const { volatile, durable } = this.#runtime;
      const store = tier === "volatile" ? volatile : durable;
      if (store !== this.#documentStore) await this.#flushDocuments();
      this.#documentStore = store;
    }
    this.#documents.push(document);
  }

  #sessionOf(session: string, place: number): OpenSession {
    if (this.#open?.facts.session !== session)
      throw damaged(place, "belongs to a session that does not come before it");
    return this.#open;
  }

  async #grow(units: number): Promise<void> {
    const { limits } = this.#open?.store ?? this.#documentStore ?? this.#runtime.durable;
    this.#units += units;
    const items = this.#events.length + this.#operations.length + this.#documents.length;
    const isFull =
      items >= Math.min(itemsAtOnce, limits.batchItems) ||
      this.#units >= Math.min(unitsAtOnce, limits.batchBytes / 6);
    if (!isFull) return;
    await this.#flushEvents();
    await this.#flushDocuments();
  }

  /** Also without events, once for each session: it may have none. */
  async #flushEvents(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    if (this.#events.length + this.#operations.length === 0 && open.token !== undefined) return;
    const removed = boundedRanges(this.#removed);
    const { ttlMs, archived: _, ...facts } = open.facts;
    const least = Math.max(0, ...removed.map(({ revision }) => revision));
    const revision = this.#operations.reduce((most, { result }) => Math.max(most, result.revision), least);
    // The session's own of this store is raised by each part.
    const head = { ...facts, revision, removalRevision: least } as SessionHead;
    const batch = { head, ttlMs, events: this.#events, operations: this.#operations, removed };
    const { token } = await transferOf(open.store).log.importEvents(
      open.address,
      open.archivedAt === undefined ? batch : toArchived(batch, open.archivedAt),
      this.#call,
    );
    open.token = token;
    this.#events = [];
    this.#operations = [];
    this.#removed = [];
    this.#units = 0;
  }

  async #flushDocuments(): Promise<void> {
    const store = this.#documentStore;
    if (this.#documents.length === 0 || store === undefined) return;
    const open = this.#open;
    const scope = open === undefined ? { tenant: this.#tenant } : open.address;
    const version = this.#documents.reduce((most, document) => Math.max(most, document.version), 0);
    const result = await transferOf(store).documents.importDocuments(
      scope,
      {
        ...(open === undefined ? {} : { incarnation: open.facts.incarnation }),
        documents: this.#documents,
        version,
      },
      this.#call,
    );
    this.#unchanged += result.unchanged;
    this.#expired += result.expired;
    const written = this.#documents;
    this.#documents = [];
    this.#units = 0;
    if (open === undefined) await this.#settleDocuments(store, written);
  }

  async #endSession(): Promise<void> {
    await this.#flushEvents();
    await this.#flushDocuments();
    const open = this.#open;
    if (open === undefined) return;
    const { subject, incarnation } = open.facts;
    if (open.archivedAt === undefined) await this.#unseal(open);
    else await markComplete(open.store, open.address, incarnation, this.#call);
    this.#runtime.cache?.forget(open.address);
    this.#open = undefined;
    await this.#settleSession(open);
    if (this.#introduces && open.isNew && subject !== undefined && open.store === this.#runtime.sessions)
      await introduceUser(this.#runtime, open.address, subject, incarnation);
  }

  async #unseal({ store, address, facts }: OpenSession): Promise<void> {
    await transferOf(store).log.unseal(address, { incarnation: facts.incarnation, ...this.#call });
  }

  /** It ended while it was exported: what there is of it is no whole session. */
  async #dropSession(): Promise<void> {
    const open = this.#open;
    this.#forget();
    if (open === undefined) return;
    if (open.wasOpen) await this.#unseal(open);
    else if (open.isNew && open.token !== undefined) {
      const seen = { incarnation: open.facts.incarnation, expectedToken: open.token };
      await open.store.log.delete(open.address, { ...seen, ...this.#call }).catch((error: unknown) => {
        // Another import has gone on with it, or completed it.
        if (!isConflict(error, "token")) throw error;
      });
    }
  }

  /** A copy that was in use before is so again; a new one stays sealed, and the next import completes it. */
  async #giveUp(): Promise<void> {
    const open = this.#open;
    this.#forget();
    if (open === undefined) return;
    try {
      if (open.token !== undefined) await this.#settleSession(open);
      if (open.wasOpen)
        await transferOf(open.store).log.unseal(open.address, { incarnation: open.facts.incarnation });
    } catch (error) {
      this.#runtime.onError(error);
    }
  }

  #forget(): void {
    this.#open = undefined;
    this.#events = [];
    this.#operations = [];
    this.#removed = [];
    this.#documents = [];
    this.#units = 0;
  }
}

/**
 * The ranges by revision, neighbours together. When there are too many, those that were removed first become the range
 * that spans them: a late writer may then be refused too much, and never too little.
 */
function boundedRanges(removed: readonly Removed[]): readonly Removed[] {
  const merged: { from: number; to: number; revision: number }[] = [];
  const sorted = [...removed].sort((a, b) => a.revision - b.revision || a.from - b.from);
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && last.revision === range.revision && range.from <= last.to + 1)
      last.to = Math.max(last.to, range.to);
    else merged.push({ ...range });
  }
  if (merged.length <= maxRanges) return merged;
  const spanned = merged.slice(0, merged.length - maxRanges + 1);
  const [first] = spanned;
  if (first === undefined) return merged;
  for (const { from, to, revision } of spanned) {
    first.from = Math.min(first.from, from);
    first.to = Math.max(first.to, to);
    first.revision = Math.max(first.revision, revision);
  }
  return [first, ...merged.slice(spanned.length)];
}
