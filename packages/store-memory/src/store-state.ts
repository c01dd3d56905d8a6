import type { SessionAddress } from "@relevo/core";
import { compareUtf8, createEventLoopPacer, tooLarge } from "@relevo/core/input";
import { createTokenGenerator, type Refusal } from "@relevo/core/store";
import { LRUCache } from "lru-cache";
import { ChangeLog } from "./change-log.ts";
import { endedDocumentOperation, OwnerOperations } from "./document-ledger.ts";
import type { DocumentRow, DocumentSet } from "./document-set.ts";
import { Endings } from "./endings.ts";
import { ExpiryQueue } from "./expiry-queue.ts";
import { jsonSize } from "./json-size.ts";
import { LeaseTable } from "./lease-table.ts";
import { createNotices, type Notices } from "./notices.ts";
import type { EvictionReason, ResolvedOptions } from "./options.ts";
import { newSession, type Session, type SessionSeed, type SessionTenant } from "./session.ts";
import { SortedSet } from "./sorted-set.ts";
import { Tenant } from "./tenant.ts";

/** What an entry counts for beyond its JSON, in bytes: its objects and its place in the indexes, roughly. */
const flat = { session: 1500, event: 250, operation: 300, document: 700 } as const;

/** Change logs of tenants. Beyond it those of tenants that hold nothing are forgotten. */
const maxChangeLogs = 10_000;

/**
 * The memory that all handles share. Its methods do their work in one synchronous step, which is what makes every
 * call of the store atomic: nothing else runs between a check and the write it guards.
 */
export class StoreState {
  readonly options: ResolvedOptions;
  readonly leases: LeaseTable;
  readonly endings: Endings;
  readonly tenants: Map<string, Tenant> = new Map();
  readonly tenantOrder: SortedSet<string> = new SortedSet(compareUtf8);
  sessionBytes = 0;
  documentBytes = 0;
  evictedSessions = 0;
  evictedDocuments = 0;
  readonly ownerOperations: OwnerOperations;
  readonly #changes = new Map<string, ChangeLog>();
  readonly #nextEpoch = createTokenGenerator();
  readonly #expiry = new ExpiryQueue<Session | DocumentRow>();
  /** Keep the order of use. Looked up by identity, because the maps by name are here anyway. */
  readonly #sessions: LRUCache<Session, Session>;
  readonly #documents: LRUCache<DocumentRow, DocumentRow>;
  readonly #notices: Notices;
  /** The greatest document version of any tenant that is gone. */
  #versionFloor = 0;
  #reported = false;
  /** A turn costs more than a call does, so that calls after a pause do not each pay for one. */
  readonly #pacer = createEventLoopPacer({ minCalls: 8 });
  /** The latest reading of the clock: reading it once more would make each call 3 % slower. */
  #latest = 0;

  constructor(options: ResolvedOptions) {
    this.options = options;
    this.leases = new LeaseTable(options.clock);
    this.#notices = createNotices(options.onEvicted, options.onError);
    // One place more than there may be entries, for one that replaces another and enters before that leaves.
    this.#sessions = orderOfUse(options.maxSessions + 1);
    this.#documents = orderOfUse(options.maxDocuments + 1);
    this.ownerOperations = new OwnerOperations(options.maxEndedOperations, () =>
      this.#reportForgotten("operations"),
    );
    this.endings = new Endings({
      maxOperations: options.maxEndedOperations,
      maxEvictions: options.maxEvictions,
      onForgotten: (what) => this.#reportForgotten(what),
    });
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get documentCount(): number {
    return this.#documents.size;
  }

  now(): number {
    this.#latest = this.options.clock.now();
    return this.#latest;
  }

  /** A promise when a call must not answer before the event loop has turned. By the time that the call read itself. */
  nextTurn(): Promise<void> | undefined {
    return this.#pacer.next(this.#latest);
  }

  /** The live session, now the one used last. Of one that is not there, `absent` says whether it was evicted. */
  session(address: SessionAddress, now: number): Session | undefined {
    const session = this.tenants.get(address.tenant)?.sessions.get(address.session);
    if (session === undefined || this.endIfExpired(session, now)) return undefined;
    this.#sessions.get(session);
    return session;
  }

  /** True when the session has expired; it is gone then, even if the clock should go back. */
  endIfExpired(session: Session, now: number): boolean {
    if (session.expiresAt === undefined || session.expiresAt > now) return false;
    this.endSession(session, now);
    return true;
  }

  createSession(address: SessionAddress, seed: SessionSeed, now: number): Session {
    const tenant = this.#tenant(address.tenant);
    const session = newSession(tenant, address.session, seed, now);
    this.tenants.set(tenant.id, tenant);
    this.tenantOrder.add(tenant.id);
    // Before room is made: a tenant whose last session is evicted for this one must not be dropped.
    tenant.addSession(session);
    this.#makeRoom(this.#sessions, (victim) => this.evictSession(victim, "max-entries", now));
    this.#sessions.set(session, session);
    this.#expiry.schedule(session);
    return session;
  }

  /** Ends an incarnation: by a delete, or because its time is over. */
  endSession(session: Session, now: number): void {
    this.#removeSession(session);
    this.endings.rememberOperations(addressOf(session), operationsOf(session), now);
  }

  evictSession(session: Session, reason: EvictionReason, now: number): void {
    if (this.endIfExpired(session, now)) return;
    this.#removeSession(session);
    this.evictedSessions++;
    const { incarnation, log } = session;
    const { version } = log;
    this.endings.rememberEviction(addressOf(session), { incarnation, version }, [...operationsOf(session)]);
    this.#notices.send({
      kind: "session",
      ...addressOf(session),
      incarnation,
      version,
      reason,
    });
  }

  /** Moves the session to its next revision, under the token of the write. */
  revise(session: Session, token: string, revision: number = session.revision + 1): void {
    session.revision = revision;
    session.token = token;
    session.tenant.noteSession(session.id);
  }

  /** Sets the idle lifetime going again. */
  refresh(session: Session, now: number): void {
    session.expiresAt = session.ttlMs === undefined ? undefined : now + session.ttlMs;
    this.#expiry.schedule(session);
  }

  /** Refuses what would make the session too large to fit, were it alone. */
  refuseGrowth(session: Session | undefined, added: number): Refusal | undefined {
    const { maxSessionBytes: maximum } = this.options;
    const actual = (session?.charge ?? flat.session) + added;
    if (actual <= maximum) return undefined;
    return { refused: "too-large", field: "session", limit: "maxSessionBytes", maximum, actual };
  }

  /** Counts the session anew after a write, and evicts others while all are too large together. */
  chargeSession(session: Session, now: number): void {
    this.#count(session);
    while (this.sessionBytes > this.options.maxSessionBytes && this.#sessions.size > 1) {
      const victim = this.#sessions.pop();
      if (victim !== undefined) this.evictSession(victim, "max-bytes", now);
    }
  }

  /** The live row, now the one used last when it stands alone. */
  document(set: DocumentSet | undefined, sortKey: string, now: number): DocumentRow | undefined {
    const row = set?.rows.get(sortKey);
    if (row === undefined || this.dropIfExpired(row, now)) return undefined;
    if (row.set.session === undefined) this.#documents.get(row);
    return row;
  }

  dropIfExpired(row: DocumentRow, now: number): boolean {
    if (row.expiresAt === undefined || row.expiresAt > now) return false;
    this.dropDocument(row);
    return true;
  }

  /** The tenant that a standing-alone document goes to, made when there is none. */
  tenantFor(id: string): Tenant {
    const tenant = this.#tenant(id);
    this.tenants.set(id, tenant);
    this.tenantOrder.add(id);
    return tenant;
  }

  /** Gives documents of the tenant no version up to this one any more. */
  raiseDocumentVersion(id: string, version: number): void {
    const tenant = this.#tenant(id);
    tenant.documentVersion = Math.max(tenant.documentVersion, version);
    this.#dropTenantIfEmpty(tenant);
  }

  /** Puts a row where another of its key may be. Sessions are charged by their caller. */
  putDocument(row: DocumentRow, now: number): void {
    const { set } = row;
    const before = set.put(row);
    if (set.session === undefined) {
      if (before === undefined)
        this.#makeRoom(this.#documents, (victim) => this.#evictDocument(victim, "max-entries", now));
      this.#documents.set(row, row);
      this.documentBytes += row.charge;
    }
    // Last: a cache that loses its only entry clears all of its space, 100,000 places, which takes a millisecond.
    if (before !== undefined) this.#leaveDocument(before);
    this.#expiry.schedule(row);
    if (row.document.derivedFrom !== undefined) this.tenants.get(set.tenant)?.derived.add(row);
    this.#note(row);
  }

  /** Evicts the documents used longest ago while all are too large together. */
  boundDocuments(now: number): void {
    while (this.documentBytes > this.options.maxDocumentBytes && this.#documents.size > 1) {
      const victim = this.#documents.pop();
      if (victim !== undefined) this.#evictDocument(victim, "max-bytes", now);
    }
  }

  setDocumentExpiry(row: DocumentRow, expiresAt: number | undefined): void {
    row.expiresAt = expiresAt;
    const { expiresAt: _before, ...document } = row.document;
    row.document = Object.freeze(expiresAt === undefined ? document : { ...document, expiresAt });
    this.#expiry.schedule(row);
    this.#note(row);
  }

  dropDocument(row: DocumentRow): void {
    row.set.remove(row);
    this.#leaveDocument(row);
    this.#note(row);
    const tenant = this.tenants.get(row.set.tenant);
    const session = row.set.session === undefined ? undefined : tenant?.sessions.get(row.set.session);
    if (session !== undefined) this.#count(session);
    this.#dropTenantIfEmpty(tenant);
  }

  /** What a document counts for, in bytes. */
  documentCharge(bytes: number, metadata: object, sortKey: string, tags: readonly string[]): number {
    let charge = flat.document + bytes + jsonSize(metadata) + sortKey.length;
    for (const tag of tags) charge += tag.length + 100;
    return charge;
  }

  eventCharge(events: number, bytes: number, operations: number): number {
    return events * flat.event + bytes + operations * flat.operation;
  }

  /** The change log of a tenant, which outlives the tenant's data: what has ended is reported too. */
  changes(tenant: string): ChangeLog {
    const known = this.#changes.get(tenant);
    if (known !== undefined) return known;
    const changes = new ChangeLog(this.#nextEpoch());
    this.#changes.set(tenant, changes);
    if (this.#changes.size > maxChangeLogs) this.#forgetChanges();
    return changes;
  }

  /** Forgets the oldest log of a tenant that holds nothing: whoever followed it is told to begin again. */
  #forgetChanges(): void {
    let looks = 16;
    for (const [tenant, changes] of this.#changes) {
      if (looks-- === 0) return;
      this.#changes.delete(tenant);
      if (!this.tenants.has(tenant)) return;
      // To the end of the line, so that the next look begins behind it.
      this.#changes.set(tenant, changes);
    }
  }

  /** Frees at most `limit` expired sessions and documents. */
  expire(limit: number): { sessions: number; documents: number; more: boolean } {
    const now = this.now();
    const count = { sessions: 0, documents: 0, more: true };
    for (let left = limit; left > 0; left--) {
      const due = this.#expiry.takeDue(now);
      if (due === undefined) {
        count.more = false;
        break;
      }
      if (due.kind === "session") {
        this.endSession(due, now);
        count.sessions++;
      } else {
        this.dropDocument(due);
        count.documents++;
      }
    }
    this.endings.forgetOld(now);
    return count;
  }

  clear(): void {
    this.#sessions.clear();
    this.#documents.clear();
    this.tenants.clear();
    this.#changes.clear();
    this.ownerOperations.clear();
  }

  #count(session: Session): void {
    const charge =
      flat.session +
      session.log.bytes +
      session.log.size * flat.event +
      (session.operations.size + session.documentOperations.size) * flat.operation +
      (session.documents?.charge ?? 0) +
      session.metadataBytes;
    this.sessionBytes += charge - session.charge;
    session.charge = charge;
  }

  #tenant(id: string): Tenant {
    return this.tenants.get(id) ?? new Tenant(id, this.#versionFloor, this.changes(id));
  }

  /** Reports the unit of a document that was written or has ended. */
  #note({ set, document }: DocumentRow): void {
    const tenant = this.tenants.get(set.tenant);
    if (set.session === undefined) tenant?.noteOwner(document.namespace);
    else tenant?.noteSession(set.session);
  }

  /** lru-cache would evict by itself; taking the oldest out first leaves room to say goodbye in order. */
  #makeRoom<Item extends object>(cache: LRUCache<Item, Item>, evict: (victim: Item) => void): void {
    if (cache.size < cache.maxSize - 1) return;
    const victim = cache.pop();
    if (victim !== undefined) evict(victim);
  }

  #removeSession(session: Session): void {
    session.ended = true;
    this.#sessions.delete(session);
    this.#expiry.forget(session);
    session.tenant.removeSession(session);
    this.sessionBytes -= session.charge;
    for (const row of session.documents?.rows.values() ?? []) {
      row.ended = true;
      this.#expiry.forget(row);
      this.#leaveSources(row);
    }
    this.#dropTenantIfEmpty(session.tenant);
  }

  /** What the store as a whole keeps of a row that its set has let go of. */
  #leaveDocument(row: DocumentRow): void {
    this.#expiry.forget(row);
    this.#leaveSources(row);
    if (row.set.session !== undefined) return;
    this.#documents.delete(row);
    this.documentBytes -= row.charge;
  }

  #leaveSources(row: DocumentRow): void {
    if (row.document.derivedFrom !== undefined) this.tenants.get(row.set.tenant)?.derived.remove(row);
  }

  #evictDocument(row: DocumentRow, reason: EvictionReason, now: number): void {
    if (this.dropIfExpired(row, now)) return;
    this.dropDocument(row);
    this.evictedDocuments++;
    const { namespace, key, version } = row.document;
    this.#notices.send({ kind: "document", tenant: row.set.tenant, namespace, key, version, reason });
  }

  #dropTenantIfEmpty(tenant: SessionTenant | undefined): void {
    if (tenant === undefined || !tenant.empty) return;
    this.#versionFloor = Math.max(this.#versionFloor, tenant.documentVersion);
    this.tenants.delete(tenant.id);
    this.tenantOrder.delete(tenant.id);
  }

  #reportForgotten(what: "operations" | "evictions"): void {
    if (this.#reported) return;
    this.#reported = true;
    const bound = what === "operations" ? "maxEndedOperations" : "maxEvictions";
    this.options.onError(tooLarge(what, bound, this.options[bound]));
  }
}

/**
 * Items in the order in which they were last used. Given a `max`, lru-cache reserves room for that many at once: 4 ms for
 * 100,000, and a gigabyte for as many as may be allowed; counted by size, it grows with what it holds.
 */
function orderOfUse<Item extends object>(maxSize: number): LRUCache<Item, Item> {
  return new LRUCache({ maxSize, sizeCalculation: () => 1 });
}

function addressOf(session: Session): SessionAddress {
  return { tenant: session.tenant.id, session: session.id };
}

/** The ids under which the operations of a session are remembered when it has ended. */
function operationsOf({ operations, documentOperations }: Session): readonly string[] {
  return [...operations.ids(), ...Array.from(documentOperations.keys(), endedDocumentOperation)];
}
