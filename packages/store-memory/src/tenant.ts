import { compareUtf8 } from "@relevo/core/input";
import { namespaceSortPrefix } from "@relevo/core/store";
import type { ChangeLog, LiveUnits } from "./change-log.ts";
import { DerivedIndex } from "./derived-index.ts";
import { DocumentSet } from "./document-set.ts";
import type { Session, SessionTenant } from "./session.ts";
import { SortedSet } from "./sorted-set.ts";
import { UpdateOrder } from "./update-order.ts";

/** All that the store holds of one tenant. No structure below it is shared with another. */
export class Tenant implements SessionTenant, LiveUnits {
  readonly id: string;
  readonly sessions: Map<string, Session> = new Map();
  /** Ids of the sessions in the order of lists. */
  readonly order: SortedSet<string> = new SortedSet(compareUtf8);
  readonly derived: DerivedIndex = new DerivedIndex();
  readonly updateOrder: UpdateOrder = new UpdateOrder();
  readonly bySubject: Map<string, SortedSet<string>> = new Map();
  /** The documents that stand alone. */
  readonly documents: DocumentSet;
  /** The last version given to any document of the tenant: so none is given twice, whatever is deleted. */
  documentVersion: number;

  readonly #changes: ChangeLog;

  constructor(id: string, documentVersion: number, changes: ChangeLog) {
    this.id = id;
    this.#changes = changes;
    this.documents = new DocumentSet(id, undefined);
    this.documentVersion = documentVersion;
  }

  get size(): number {
    return this.sessions.size + this.documents.rows.size;
  }

  incarnation(session: string): string | undefined {
    return this.sessions.get(session)?.incarnation;
  }

  holds(owner: readonly string[]): boolean {
    for (const sortKey of this.documents.order.ascending(namespaceSortPrefix(owner))) {
      const [first, second] = this.documents.rows.get(sortKey)?.document.namespace ?? [];
      return first === owner[0] && second === owner[1];
    }
    return false;
  }

  /** The session was written, or has ended. */
  noteSession(session: string): void {
    this.#changes.noteSession(session, this);
  }

  /** A document that stands alone was written, or has ended. */
  noteOwner(namespace: readonly string[]): void {
    this.#changes.noteOwner(namespace, this);
  }

  get empty(): boolean {
    return this.sessions.size === 0 && this.documents.rows.size === 0;
  }

  addSession(session: Session): void {
    this.sessions.set(session.id, session);
    this.order.add(session.id);
    this.updateOrder.move(session);
    this.#addSubject(session);
  }

  moveSession(session: Session): void {
    this.updateOrder.move(session);
  }

  removeSession(session: Session): void {
    this.sessions.delete(session.id);
    this.order.delete(session.id);
    this.updateOrder.remove(session);
    this.noteSession(session.id);
    this.#removeSubject(session);
  }

  changeSubject(session: Session, subject: string): void {
    this.#removeSubject(session);
    session.subject = subject;
    this.updateOrder.move(session);
    this.#addSubject(session);
  }

  #addSubject(session: Session): void {
    if (session.subject === undefined) return;
    let ids = this.bySubject.get(session.subject);
    if (ids === undefined) {
      ids = new SortedSet(compareUtf8);
      this.bySubject.set(session.subject, ids);
    }
    ids.add(session.id);
  }

  #removeSubject(session: Session): void {
    if (session.subject === undefined) return;
    const ids = this.bySubject.get(session.subject);
    ids?.delete(session.id);
    if (ids?.size === 0) this.bySubject.delete(session.subject);
  }
}
