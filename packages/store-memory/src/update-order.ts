import { compareUtf8 } from "@relevo/core/input";
import { SortedSet } from "./sorted-set.ts";

/** Where a session stands in the order of last writes. */
export interface UpdatePlace {
  readonly updatedAt: number;
  readonly id: string;
}

/** The place of a session as the index has it: of its last write but those that were not looked at yet. */
export interface SessionPlace extends UpdatePlace {
  readonly subject: string | undefined;
}

/** A session as this index knows it. */
export interface PlacedSession {
  readonly id: string;
  readonly updatedAt: number;
  readonly subject: string | undefined;
  /** In the order of last writes, as far as the index has followed. */
  place: SessionPlace | undefined;
  /** True when the session was written since then. */
  moved: boolean;
}

/**
 * A tenant's sessions by last write, and those of each subject. A write only notes that the session has moved; it is put
 * in its new place when somebody lists. So a write costs next to nothing, and a list no more than the sessions that were
 * written since the one before.
 */
export class UpdateOrder {
  readonly #all = new SortedSet<UpdatePlace>(comparePlaces);
  readonly #bySubject = new Map<string, SortedSet<UpdatePlace>>();
  readonly #moved = new Set<PlacedSession>();

  /** The session was written, or has another subject. */
  move(session: PlacedSession): void {
    if (session.moved) return;
    session.moved = true;
    this.#moved.add(session);
  }

  remove(session: PlacedSession): void {
    this.#moved.delete(session);
    this.#leave(session);
  }

  /** Places in this order, of one subject or of all, behind or before this one, which is left out. */
  walk(subject: string | undefined, backward: boolean, from: UpdatePlace | undefined): Iterable<UpdatePlace> {
    this.#settle();
    const places = subject === undefined ? this.#all : this.#bySubject.get(subject);
    if (places === undefined) return [];
    return backward ? places.descending(from, false) : places.ascending(from, from === undefined);
  }

  #settle(): void {
    for (const session of this.#moved) {
      this.#leave(session);
      const { id, updatedAt, subject } = session;
      session.moved = false;
      session.place = { id, updatedAt, subject };
      this.#all.add(session.place);
      if (subject === undefined) continue;
      let ofSubject = this.#bySubject.get(subject);
      if (ofSubject === undefined) {
        ofSubject = new SortedSet(comparePlaces);
        this.#bySubject.set(subject, ofSubject);
      }
      ofSubject.add(session.place);
    }
    this.#moved.clear();
  }

  #leave(session: PlacedSession): void {
    const { place } = session;
    if (place === undefined) return;
    session.place = undefined;
    this.#all.delete(place);
    if (place.subject === undefined) return;
    const ofSubject = this.#bySubject.get(place.subject);
    ofSubject?.delete(place);
    if (ofSubject?.size === 0) this.#bySubject.delete(place.subject);
  }
}

function comparePlaces(left: UpdatePlace, right: UpdatePlace): number {
  return left.updatedAt - right.updatedAt || compareUtf8(left.id, right.id);
}
