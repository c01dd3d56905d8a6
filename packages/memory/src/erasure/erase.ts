import type { CallOptions, Document, DocumentAddress, SessionHead } from "@relevo/core";
import { admitOptions, type FieldTable, fieldTable, refuse, throwIfAborted } from "@relevo/core/input";
import { unmark } from "../archive/archive-mark.ts";
import { aboutTag, madeInTag } from "../entries/entry.ts";
import { userNamespace, workspaceNamespace } from "../namespaces.ts";
import { storesOf } from "../people/list-people.ts";
import { forksOf, placesOf, sessionsOfUser, withForks } from "../people/subject-sessions.ts";
import { markErased, markErasing } from "../people/user-guard.ts";
import { transferOf } from "../portability/export-lines.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";
import { admitSelector } from "./admit-selector.ts";
import { eraseDocuments } from "./erase-documents.ts";
import type {
  EraseCounts,
  EraseOptions,
  EraseReport,
  EraseSelector,
  Hold,
  HoldSelector,
} from "./erase-report.ts";
import { countSession, type ErasedSession, eraseSession, type SessionErasure } from "./erase-session.ts";
import { closeJournal, type Journal, openJournal, saveJournal } from "./erasure-journal.ts";
import { heldTags, holdsOn } from "./holds.ts";
import { outOfReach, unclearMemories } from "./out-of-reach.ts";
import { reportChanged } from "./report-changed.ts";

export const eraseOptionFields: FieldTable = fieldTable<EraseOptions>({
  signal: "refines",
  dryRun: "refines",
});

/** What arrives meanwhile is looked for so often; after that only what the end of the erasure finds is removed. */
const maxPasses = 100;

/** Sessions at once: a filter has a tag of each. */
const sessionsAtOnce = 50;

/** What `tenant.erase` promises. */
export async function erase(
  runtime: Runtime,
  tenant: string,
  givenSelector: EraseSelector,
  givenOptions: EraseOptions = {},
): Promise<EraseReport> {
  const selector = admitSelector(runtime, givenSelector);
  const { dryRun = false, signal } = admitOptions(givenOptions, eraseOptionFields);
  // A word such as "no" would be true.
  if (typeof dryRun !== "boolean") throw refuse("options.dryRun", "must be true or false.");
  runtime.requireOpen();
  throwIfAborted(signal);
  const call = signal === undefined ? {} : { signal };
  const held =
    "namespace" in selector || "workspace" in selector
      ? []
      : await holdsOn(runtime, tenant, [selector], call);
  const now = runtime.clock.now();
  if (dryRun || held.length > 0) {
    const journal: Journal = { id: runtime.ids.next(), selector, startedAt: now, resumed: false };
    const erasure = new Erasure(runtime, tenant, journal, true, call);
    if (held.length === 0) await erasure.pass();
    return await erasure.report(dryRun, held);
  }
  const journal = await openJournal(runtime, tenant, selector, undefined, call);
  return new Erasure(runtime, tenant, journal, false, call).run();
}

/** Finishes an erasure that a crash has interrupted. */
export function resume(
  runtime: Runtime,
  tenant: string,
  journal: Journal,
  call: CallOptions,
): Promise<EraseReport> {
  return new Erasure(runtime, tenant, journal, false, call).run();
}

/** What the selected documents outside of sessions begin with. */
function prefixOf(selector: Exclude<EraseSelector, { readonly session: string }>): readonly string[] {
  if ("user" in selector) return userNamespace(selector.user);
  return "workspace" in selector ? workspaceNamespace(selector.workspace) : selector.namespace;
}

type Counts = { -readonly [Name in keyof EraseCounts]: number };

class Erasure {
  readonly #runtime: Runtime;
  readonly #tenant: string;
  readonly #journal: Journal;
  readonly #dryRun: boolean;
  readonly #call: CallOptions;
  readonly #removed: Counts;
  readonly #held: Map<string, Hold> = new Map();
  /** When the erasure of a person ended in each store, by the store's clock. */
  readonly #ends: Map<MemoryStore, number> = new Map();
  /** Sessions that are being ended: one of them may be named as a fork of its own fork. */
  readonly #ending: Set<string> = new Set();
  /** What a dry run has found in one way, and may find in another. */
  readonly #counted: Set<string> = new Set();
  #changed = false;

  constructor(runtime: Runtime, tenant: string, journal: Journal, dryRun: boolean, call: CallOptions) {
    this.#runtime = runtime;
    this.#tenant = tenant;
    this.#journal = journal;
    this.#dryRun = dryRun;
    this.#call = call;
    this.#removed = {
      sessions: 0,
      events: 0,
      sessionDocuments: 0,
      documents: 0,
      derived: 0,
      indexed: 0,
      ...journal.removed,
    };
  }

  async run(): Promise<EraseReport> {
    const { selector, id } = this.#journal;
    const user = "user" in selector ? selector.user : undefined;
    const stores = storesOf(this.#runtime);
    if (user !== undefined) {
      for (const { documents } of stores) await markErasing(documents, this.#tenant, user, id);
    }
    // Until nothing is left: what arrives meanwhile is found by the next pass.
    for (let pass = 0; pass < maxPasses && (await this.pass()); pass++);
    if (user !== undefined) {
      for (const store of stores)
        this.#ends.set(store, await markErased(store.documents, this.#tenant, user, id));
      // What was written before the marks were changed and after the last pass, by a writer who ended then. What is written
      // from now on belongs to the time after the erasure.
      await this.pass();
      this.#runtime.forgetOutdated(this.#tenant, userNamespace(user));
    }
    const report = await this.report(false, []);
    await closeJournal(this.#runtime, this.#tenant, this.#journal, report);
    return report;
  }

  /** Removes what there is, or counts it. True when something was removed. */
  async pass(): Promise<boolean> {
    this.#changed = false;
    const { selector } = this.#journal;
    // A hold that is set while the erasure runs saves what is left.
    if ("user" in selector && (await this.#noteHolds([selector]))) return false;
    for (const store of storesOf(this.#runtime)) {
      for await (const heads of this.#sessions(store)) {
        let batch: SessionHead[] = [];
        for await (const head of withForks(store, this.#tenant, heads, this.#call)) {
          if (await this.#isHeld(head)) continue;
          batch.push(head);
          if (batch.length < Math.min(sessionsAtOnce, store.limits.tags)) continue;
          await this.#eraseSessions(store, batch);
          batch = [];
        }
        await this.#eraseSessions(store, batch);
      }
      if ("session" in selector) continue;
      // What was learned in sessions that are gone already, too.
      if ("user" in selector) await this.#eraseLearned([store], [aboutTag(selector.user)]);
      const namespacePrefix = prefixOf(selector);
      await this.#eraseDocuments(store, { namespacePrefix });
      await this.#forgetCopies({ namespacePrefix });
    }
    return this.#changed;
  }

  async report(dryRun: boolean, held: readonly Hold[]): Promise<EraseReport> {
    const { id, startedAt, resumed, selector } = this.#journal;
    // Documents of the application name their own sources.
    const unclear =
      "user" in selector || "session" in selector
        ? await unclearMemories(this.#runtime, this.#tenant, this.#call)
        : [];
    const all = [...held, ...this.#held.values()];
    return {
      id,
      dryRun,
      complete: all.length === 0,
      resumed,
      startedAt,
      endedAt: this.#runtime.clock.now(),
      removed: { ...this.#removed },
      held: all,
      outOfReach: [...unclear, ...outOfReach],
    };
  }

  async *#sessions(store: MemoryStore): AsyncGenerator<readonly SessionHead[], void, void> {
    const { selector } = this.#journal;
    if ("user" in selector) yield* sessionsOfUser(store, this.#tenant, selector.user, this.#call);
    if (!("session" in selector)) return;
    const head = await store.log.head({ tenant: this.#tenant, session: selector.session }, this.#call);
    if (head !== undefined && !this.#isNewer(store, head)) yield [head];
  }

  /** Whether it was written since the one who erases it saw it. */
  #isNewer(store: MemoryStore, { incarnation, version }: SessionHead): boolean {
    const { seen } = this.#journal;
    if (seen === undefined || store !== this.#runtime.sessions) return false;
    return incarnation !== seen.incarnation || version !== seen.version;
  }

  /** A session itself, or the person that it belongs to. A fork may belong to another one. */
  #isHeld({ session, subject }: SessionHead): Promise<boolean> {
    return this.#noteHolds(subject === undefined ? [{ session }] : [{ session }, { user: subject }]);
  }

  async #noteHolds(selectors: readonly HoldSelector[]): Promise<boolean> {
    const holds = await holdsOn(this.#runtime, this.#tenant, selectors, this.#call);
    for (const hold of holds) this.#held.set(JSON.stringify(hold.selector), hold);
    return holds.length > 0;
  }

  async #eraseSessions(store: MemoryStore, heads: readonly SessionHead[]): Promise<void> {
    const end = this.#ends.get(store) ?? Number.POSITIVE_INFINITY;
    const sessions = heads.filter(({ createdAt }) => createdAt <= end);
    if (sessions.length === 0) return;
    // First, because nothing tells of them any more when the sessions are gone.
    const { durable, volatile } = this.#runtime;
    const tags = sessions.map(({ session }) => madeInTag(session));
    await this.#eraseLearned(new Set([durable, volatile]), tags);
    for (const head of sessions) {
      // Once more: the ones before it may have taken long.
      if (!(await this.#isHeld(head))) await this.#eraseSession(store, head);
    }
  }

  async #eraseSession(store: MemoryStore, head: SessionHead): Promise<void> {
    const { session, incarnation } = head;
    const address = { tenant: this.#tenant, session };
    await this.#forgetSession(session, incarnation);
    if (this.#dryRun && this.#isCounted([store === this.#runtime.sessions, session])) return;
    const { documents, derived } = this.#dryRun
      ? await this.#countSession(store, head)
      : await this.#endSession(store, head);
    this.#removed.sessions++;
    this.#removed.events += head.events;
    this.#removed.sessionDocuments += documents;
    this.#removed.derived += derived;
    if (this.#dryRun) return;
    this.#changed = true;
    this.#runtime.cache?.forget(address);
    await this.#forgetSession(session, incarnation);
    await this.#save();
  }

  /** With the forks that were completed since the forks were looked for. */
  async #endSession(store: MemoryStore, head: SessionHead): Promise<ErasedSession> {
    const eraseForks = async (): Promise<void> => {
      for await (const fork of withForks(store, this.#tenant, [head], this.#call))
        if (!this.#ending.has(fork.session)) await this.#eraseSessions(store, [fork]);
      await this.#eraseForksElsewhere(store, head);
    };
    const { session, incarnation } = head;
    const { selector, seen } = this.#journal;
    const isSelected =
      "session" in selector && selector.session === session && seen?.incarnation === incarnation;
    this.#ending.add(session);
    try {
      let derivedThere = 0;
      const forget: SessionErasure["forget"] = (documents) => this.#forgetDerived(documents);
      if (store === this.#runtime.archive) {
        const address = { tenant: this.#tenant, session };
        await unmark(store, address, incarnation, this.#call);
        // Where it lived before: this store does not know of what was derived there.
        const { documents } = transferOf(this.#runtime.sessions);
        const derived = await documents.eraseDerived(address, { incarnation, ...this.#call });
        await forget(derived);
        derivedThere = derived.length;
      }
      const erased = await eraseSession(store, { tenant: this.#tenant, session }, incarnation, {
        ...this.#call,
        eraseForks,
        forget,
        onlyVersion: isSelected ? seen?.version : undefined,
      });
      return { ...erased, derived: erased.derived + derivedThere };
    } finally {
      this.#ending.delete(session);
    }
  }

  /** With the forks that are elsewhere: those in the same store are counted by themselves. */
  async #countSession(store: MemoryStore, head: SessionHead): Promise<ErasedSession> {
    await this.#eraseForksElsewhere(store, head);
    return countSession(store, this.#tenant, head, this.#call);
  }

  /** A fork may be in the archive and its parent not, or the other way round. */
  async #eraseForksElsewhere(store: MemoryStore, parent: SessionHead): Promise<void> {
    for (const place of placesOf(this.#runtime).filter((other) => other !== store))
      for await (const fork of forksOf(store, this.#tenant, parent, this.#call, place))
        for await (const one of withForks(place, this.#tenant, [fork], this.#call))
          if (!this.#ending.has(one.session)) await this.#eraseSessions(place, [one]);
  }

  /** Whether a dry run has counted it; notes that it has. */
  #isCounted(what: readonly unknown[]): boolean {
    const name = JSON.stringify(what);
    if (this.#counted.has(name)) return true;
    this.#counted.add(name);
    return false;
  }

  /**
   * What was remembered in sessions or about people with these tags, for all too: nobody knows how much of it is about the
   * person. What comes from others as well that are held stays.
   */
  async #eraseLearned(stores: Iterable<MemoryStore>, any: readonly string[]): Promise<void> {
    const { selector } = this.#journal;
    const own = "user" in selector ? userNamespace(selector.user) : undefined;
    const held = await heldTags(this.#runtime, this.#tenant, this.#call);
    const isHeld = ({ tags }: Document): boolean => {
      const holds = tags.flatMap((tag) => held.get(tag) ?? []);
      for (const hold of holds) this.#held.set(JSON.stringify(hold.selector), hold);
      return holds.length > 0;
    };
    const isCounted = ({ namespace, key }: Document, store: MemoryStore): boolean =>
      this.#dryRun && this.#isCounted([store === this.#runtime.durable, namespace, key]);
    for (const store of stores) {
      await this.#eraseDocuments(
        store,
        { tags: { any } },
        async (documents) => {
          for (const { namespace, key } of documents)
            await this.#forgetCopies({ namespacePrefix: namespace, key });
        },
        // What is the person's own is counted with all else of the person.
        (document) =>
          own?.every((element, index) => element === document.namespace[index]) === true ||
          isHeld(document) ||
          isCounted(document, store),
      );
    }
  }

  async #eraseDocuments(
    store: MemoryStore,
    filter: Parameters<typeof eraseDocuments>[2]["filter"],
    forget?: (documents: readonly Document[]) => Promise<void>,
    except?: (document: Document) => boolean,
  ): Promise<void> {
    const until = this.#ends.get(store);
    const count = await eraseDocuments(store, this.#tenant, {
      ...this.#call,
      filter,
      until,
      dryRun: this.#dryRun,
      forget,
      except,
    });
    this.#removed.documents += count;
    if (count === 0 || this.#dryRun) return;
    this.#changed = true;
    await this.#save();
  }

  /**
   * Empties the indexes before and after the store. Before, because after a crash in between nothing tells of what was
   * there; after, because an index that follows the store may have read it once more.
   */
  async #forgetCopies(selector: Parameters<Runtime["indexes"][number]["remove"]>[1]): Promise<void> {
    if (this.#dryRun) return;
    for (const index of this.#runtime.indexes)
      this.#removed.indexed += await index.remove(this.#tenant, selector, this.#call);
  }

  async #forgetDerived(documents: readonly DocumentAddress[]): Promise<void> {
    for (const { session, namespace, key } of documents)
      await (session === undefined
        ? this.#forgetCopies({ namespacePrefix: namespace, key })
        : this.#forgetSession(session));
  }

  async #forgetSession(session: string, erased?: string): Promise<void> {
    await this.#forgetCopies({ session });
    if (this.#dryRun) return;
    await reportChanged(this.#runtime, { tenant: this.#tenant, session }, erased, this.#call);
  }

  #save(): Promise<void> {
    return saveJournal(this.#runtime, this.#tenant, this.#journal, this.#removed, this.#call);
  }
}
