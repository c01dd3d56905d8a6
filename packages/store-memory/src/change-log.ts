import type { ChangedUnit } from "@relevo/core";
import type { AdmittedChanges, Answer, DriverChanges } from "@relevo/core/store";
import { SortedSet } from "./sorted-set.ts";

/** Units noted since they were put in order last; beyond it they are put in order by the write. */
const maxNoted = 10_000;
/** Entries kept beyond twice those of units that live: of what has ended. */
const maxEnded = 100_000;

/** The newest write of a unit. */
interface Entry {
  readonly position: number;
  readonly session?: string;
  readonly owner?: readonly string[];
}

interface NotedOwner {
  position: number;
  readonly owner: readonly string[];
}

/** What the log has to ask of the tenant's data. */
export interface LiveUnits {
  readonly size: number;
  incarnation(session: string): string | undefined;
  holds(owner: readonly string[]): boolean;
}

/**
 * The units of a tenant by their newest writes. A write only counts, and notes the unit; the notes are put in order when
 * somebody asks. So a write pays for one entry of a map.
 */
export class ChangeLog {
  readonly #epoch: string;
  readonly #notedSessions = new Map<string, number>();
  /** By first and second element: a key made of both would have to be built and hashed by every write. */
  readonly #notedOwners = new Map<string, Map<string | undefined, NotedOwner>>();
  #notedOwnerCount = 0;
  readonly #entries = new Map<string, Entry>();
  readonly #order = new SortedSet<Entry>((left, right) => left.position - right.position);
  #position = 0;
  /** Entries at or before this position may be missing. */
  #floor = 0;

  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  noteSession(session: string, live: LiveUnits): void {
    this.#notedSessions.set(session, ++this.#position);
    if (this.#notedSessions.size > maxNoted) this.#settle(live);
  }

  noteOwner(namespace: readonly string[], live: LiveUnits): void {
    const [first = "", second] = namespace;
    const position = ++this.#position;
    let seconds = this.#notedOwners.get(first);
    if (seconds === undefined) {
      seconds = new Map();
      this.#notedOwners.set(first, seconds);
    }
    const noted = seconds.get(second);
    if (noted !== undefined) {
      noted.position = position;
      return;
    }
    seconds.set(second, { position, owner: namespace.slice(0, 2) });
    if (++this.#notedOwnerCount > maxNoted) this.#settle(live);
  }

  changes({ from, after, limit }: AdmittedChanges, live: LiveUnits): Answer<DriverChanges> {
    this.#settle(live);
    let position = from === "now" ? this.#position : 0;
    if (after !== undefined) {
      const given = /^(.+):(\d{1,15})$/.exec(after);
      if (given === null) return { refused: "position" };
      position = Number(given[2]);
      const isKnown = given[1] === this.#epoch && position <= this.#position && position >= this.#floor;
      if (!isKnown) return { refused: "changes" };
    }
    const units: ChangedUnit[] = [];
    let more = false;
    for (const entry of this.#order.ascending({ position }, false)) {
      more = units.length === limit;
      if (more) break;
      units.push(unitOf(entry, live));
      position = entry.position;
    }
    return { ok: { units, position: `${this.#epoch}:${position}`, more } };
  }

  #settle(live: LiveUnits): void {
    const noted: (readonly [key: string, entry: Entry])[] = [];
    for (const [session, position] of this.#notedSessions)
      noted.push([`\0${session}`, { position, session }]);
    for (const [first, seconds] of this.#notedOwners)
      for (const [second, entry] of seconds)
        noted.push([second === undefined ? first : `${first}\0${second}`, entry]);
    if (noted.length === 0) return;
    this.#notedSessions.clear();
    this.#notedOwners.clear();
    this.#notedOwnerCount = 0;
    noted.sort(([, left], [, right]) => left.position - right.position);
    for (const [key, entry] of noted) {
      const before = this.#entries.get(key);
      if (before !== undefined) this.#order.delete(before);
      this.#entries.set(key, entry);
      this.#order.add(entry);
    }
    if (this.#entries.size > 2 * live.size + 2 * maxEnded) this.#forgetEnded(live);
  }

  /** Lets go of the oldest entries of units that have ended: half of those that there may be. */
  #forgetEnded(live: LiveUnits): void {
    const ended: (readonly [key: string, entry: Entry])[] = [];
    for (const [key, entry] of this.#entries) {
      const { session, owner } = entry;
      const lives = session === undefined ? live.holds(owner ?? []) : live.incarnation(session) !== undefined;
      if (!lives) ended.push([key, entry]);
    }
    ended.sort(([, left], [, right]) => left.position - right.position);
    for (const [key, entry] of ended.slice(0, Math.max(0, ended.length - maxEnded))) {
      this.#entries.delete(key);
      this.#order.delete(entry);
      this.#floor = Math.max(this.#floor, entry.position);
    }
  }
}

function unitOf({ session, owner = [] }: Entry, live: LiveUnits): ChangedUnit {
  if (session === undefined) return { kind: "owner", namespace: owner };
  const incarnation = live.incarnation(session);
  return incarnation === undefined ? { kind: "session", session } : { kind: "session", session, incarnation };
}
