import type { ConflictKind } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import { compareNamespaces } from "@relevo/core/store";
import type { Place, StoryFind } from "./document-commands.ts";

/** Where the six places are. Namespaces that begin like others, and keys whose order UTF-16 would turn round. */
const namespaces = [["a"], ["a", "b"], ["ab"]] as const;
const keys = ["\u{1f600}", "\uff5e"] as const;

export function namespaceOf(place: Place): readonly string[] {
  return namespaces[place % 3] ?? namespaces[0];
}

export function keyOf(place: Place): string {
  return keys[place < 3 ? 0 : 1];
}

/** The namespace prefix that a story means by a number; the last one is that of everything. */
export function prefixOf(prefix: number): readonly string[] {
  return namespaces[prefix] ?? [];
}

/** A document as the model keeps it. The version is the store's: the model only asks that it grows. */
export interface ModelDocument {
  readonly value: number;
  readonly tags: readonly string[];
  readonly version: number;
}

export interface ModelGuard {
  /** The ordinal of the incarnation that the writer names. */
  readonly incarnation?: number;
  readonly fence?: number;
}

export interface ModelExpectation {
  readonly place: Place;
  readonly expectedVersion: number | undefined;
}

/** A refusal that the contract allows for a call. When several conditions fail, a store may name any of them. */
export type Refusal = "history-lost" | ConflictKind;

/** The contract of the documents of one scope as plain code: no clocks and no concurrency. */
export interface DocumentModel {
  readonly documents: Map<Place, ModelDocument>;
  /** The greatest version that was ever seen at a place: the next must be greater. */
  readonly greatest: Map<Place, number>;
  sealed: boolean;
  newestFence: number | undefined;
  /** The ordinal of the living incarnation, 1, 2, 3 …; 0 when there is no session. */
  incarnation(): number;
  /** How many incarnations there were. */
  incarnations(): number;
  refusals(guard: ModelGuard, expectations: readonly ModelExpectation[]): ReadonlySet<Refusal>;
  /** The index of the first write that expects another version; -1 for none. */
  firstStale(expectations: readonly ModelExpectation[]): number;
  /** Begins the session when there is none. */
  open(): void;
  put(place: Place, document: ModelDocument): void;
  /** Ends the session and everything in it. False when there was none. */
  end(): boolean;
  /** The places that a find returns, in its order. */
  find(find: StoryFind): readonly Place[];
  /** The places that hold documents, in their order. */
  places(): readonly Place[];
}

export function createDocumentModel(ofSession: boolean): DocumentModel {
  let alive = false;
  let incarnations = 0;
  const documents = new Map<Place, ModelDocument>();
  const greatest = new Map<Place, number>();

  const model: DocumentModel = {
    documents,
    greatest,
    sealed: false,
    newestFence: undefined,
    incarnation: () => (alive ? incarnations : 0),
    incarnations: () => incarnations,

    refusals(guard, expectations) {
      const found = new Set<Refusal>();
      const { incarnation, fence } = guard;
      if (incarnation !== undefined && incarnation !== model.incarnation()) found.add("history-lost");
      if (model.sealed) found.add("sealed");
      if (fence !== undefined && fence !== model.newestFence) found.add("fence");
      if (model.firstStale(expectations) >= 0) found.add("version");
      return found;
    },

    firstStale: (expectations) =>
      expectations.findIndex(
        ({ place, expectedVersion }) =>
          expectedVersion !== undefined && expectedVersion !== (documents.get(place)?.version ?? 0),
      ),

    open() {
      if (!ofSession || alive) return;
      alive = true;
      incarnations++;
    },

    put(place, document) {
      model.open();
      documents.set(place, document);
      greatest.set(place, document.version);
    },

    end() {
      const ended = alive;
      alive = false;
      model.sealed = false;
      if (ended) documents.clear();
      return ended;
    },

    find(find) {
      const prefix = prefixOf(find.prefix);
      const selected = [...documents].filter(
        ([place, { value, tags }]) =>
          prefix.every((element, index) => namespaceOf(place)[index] === element) &&
          find.all.every((tag) => tags.includes(tag)) &&
          (find.any.length === 0 || find.any.some((tag) => tags.includes(tag))) &&
          (find.least === undefined || value >= find.least) &&
          (find.text === undefined || textOf(value).toLowerCase().includes(find.text.toLowerCase())),
      );
      const places = selected.map(([place]) => place).sort(comparePlaces);
      return find.direction === "forward" ? places : places.reverse();
    },

    places: () => [...documents.keys()].sort(comparePlaces),
  };
  return model;
}

/** The text that stands in the document with this value. */
export function textOf(value: number): string {
  return `Number ${value}`;
}

function comparePlaces(left: Place, right: Place): number {
  return compareNamespaces(namespaceOf(left), namespaceOf(right)) || compareUtf8(keyOf(left), keyOf(right));
}
