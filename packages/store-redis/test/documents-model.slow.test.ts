import {
  allPages,
  type Document,
  type DocumentScope,
  defaultLimits,
  type FindOptions,
  MemoryError,
} from "@relevo/core";
import { compareUtf8, documentSortKey } from "@relevo/core/input";
import { admitFind, encodeCursor, findMatcher, matchesNamespace } from "@relevo/core/store";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { createDice, type Dice, type DocumentsFixture, until, useDocuments } from "./documents-support.ts";

const elements = ["a", "ab", "b", "a\u0001", "～", "😀", "*"];
const keys = ["1", "10", "2", "é", "\uffff", "😀", "a", "b", "\ufeffa", "{x}:y|z"];
const colours = ["red", "green", "blue", "\ufeffred", "red,green", "red|blue", `red${"!".repeat(130)}`];

const namespaceOf = ({ below, pick }: Dice): string[] =>
  Array.from({ length: 1 + below(3) }, () => pick(elements));
const tagsOf = ({ below }: Dice): string[] => colours.filter(() => below(4) === 0);

function findOptionsOf(dice: Dice, documents: readonly Document[]): FindOptions {
  const { below, pick } = dice;
  const written = documents.length === 0 ? 0 : pick(documents).updatedAt;
  return {
    ...(below(4) === 0 ? { namespace: namespaceOf(dice) } : {}),
    ...(below(3) === 0 ? { namespacePrefix: namespaceOf(dice).slice(0, 1) } : {}),
    ...(below(2) === 0 ? { tags: { any: tagsOf(dice), all: tagsOf(dice).slice(0, 2) } } : {}),
    ...(below(5) === 0 ? { keyAfter: pick(keys) } : {}),
    ...(below(5) === 0 ? { keyBefore: pick(keys) } : {}),
    ...(below(3) === 0 ? { updatedSince: written + below(3) - 1 } : {}),
    ...(below(3) === 0 ? { where: { path: ["value", "turn"], $lt: below(300) } as const } : {}),
    ...(below(4) === 0 ? { text: `Turn ${below(30)}` } : {}),
    direction: pick(["forward", "backward"] as const),
    limit: 1 + below(5),
  };
}

async function collect<Item>(
  list: (page: { readonly cursor?: string | undefined }) => Promise<{ readonly items: readonly Item[] }>,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of allPages(list)) items.push(item);
  return items;
}

/** A story of writes through two clients, and what has to be there after each of them. */
class Story {
  readonly #dice: Dice;
  readonly #fixture: DocumentsFixture;
  readonly #scope: DocumentScope;
  readonly #model = new Map<string, Document>();
  readonly #newest = new Map<string, number>();

  constructor(seed: number, fixture: DocumentsFixture, scope: DocumentScope) {
    this.#dice = createDice(seed);
    this.#fixture = fixture;
    this.#scope = scope;
  }

  get #documents() {
    return this.#dice.pick([this.#fixture.store, this.#fixture.other]).documents;
  }

  async write(turn: number): Promise<void> {
    const { below, pick } = this.#dice;
    const address = { ...this.#scope, namespace: namespaceOf(this.#dice), key: pick(keys) };
    const place = documentSortKey(address.namespace, address.key);
    const known = this.#model.get(place);
    const kind = below(12);
    if (kind < 2) {
      expect(await this.#documents.delete(address)).toBe(this.#model.delete(place));
    } else if (kind === 2) {
      const touched = await this.#documents.touch(address, { ttlMs: 600_000 });
      expect(touched).toEqual(known && { ...known, expiresAt: touched?.expiresAt });
      if (touched !== undefined) this.#model.set(place, touched);
    } else if (kind === 3) {
      await this.#documents.put(address, { value: turn, tags: tagsOf(this.#dice), ttlMs: 1 });
      this.#model.delete(place);
      await until("the end of a millisecond", async () => (await this.#documents.get(address)) === undefined);
    } else if (kind === 4) {
      await this.#writeMany(turn, address.namespace);
    } else {
      const input = { value: { turn, text: `TURN ${turn}` }, tags: tagsOf(this.#dice), metadata: { turn } };
      const expectedVersion = known?.version ?? 0;
      this.#stored(
        place,
        await this.#documents.put(address, input, below(2) === 0 ? { expectedVersion } : {}),
      );
      expect(await this.#documents.get(address)).toEqual(this.#model.get(place));
    }
  }

  #stored(place: string, document: Document): void {
    expect(document.version).toBeGreaterThan(this.#newest.get(place) ?? 0);
    this.#newest.set(place, document.version);
    this.#model.set(place, document);
  }

  /** All or none, and the first that is stale is named. */
  async #writeMany(turn: number, namespace: readonly string[]): Promise<void> {
    const { below } = this.#dice;
    const wrong = below(3) === 0 ? below(3) : -1;
    const writes = keys.slice(below(4), 4 + below(4)).map((key, index) => {
      const known = this.#model.get(documentSortKey(namespace, key))?.version ?? 0;
      const address = { ...this.#scope, namespace, key };
      const tags = tagsOf(this.#dice);
      return { address, value: { turn }, tags, expectedVersion: index === wrong ? known + 1 : known };
    });
    const removes = below(3) === 0;
    const parts = writes.map(({ address, expectedVersion }) => ({ address, expectedVersion }));
    const there = writes.filter(({ address }) => this.#model.has(documentSortKey(namespace, address.key)));
    const call = removes ? this.#documents.deleteMany(parts) : this.#documents.putMany(writes);
    const stale = writes[wrong];
    if (stale !== undefined && (!removes || there.includes(stale))) {
      const error = await call.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(MemoryError.isInstance(error, "conflict") && error.details).toEqual({
        conflict: "version",
        version: stale.expectedVersion - 1,
        index: wrong,
      });
      return;
    }
    const done = await call;
    if (typeof done === "number") {
      expect(done).toBe(there.length);
      for (const { address } of writes) this.#model.delete(documentSortKey(namespace, address.key));
    } else {
      for (const one of done) this.#stored(documentSortKey(one.namespace, one.key), one);
    }
  }

  async checkFind(): Promise<void> {
    const places = [...this.#model.keys()].sort(compareUtf8);
    const documents = places.map((one) => this.#model.get(one) as Document);
    const options = findOptionsOf(this.#dice, documents);
    if (options.direction === "backward") documents.reverse();
    const request = admitFind(this.#scope, options, defaultLimits);
    const found = await collect((page) => this.#documents.find(this.#scope, { ...options, ...page }));
    const expected = documents.filter(findMatcher(request));
    expect({ options, found }).toEqual({ options, found: expected });
  }

  async checkGetMany(): Promise<void> {
    const namespaces = Array.from({ length: 3 }, () => namespaceOf(this.#dice));
    const asked = namespaces.flatMap((namespace) => keys.map((key) => ({ ...this.#scope, namespace, key })));
    const expected = asked.map(({ namespace, key }) => this.#model.get(documentSortKey(namespace, key)));
    expect(await this.#documents.getMany(asked)).toEqual(expected);
  }

  async checkNamespaces(): Promise<void> {
    const { below } = this.#dice;
    const namespaces = [...this.#model.values()].map(({ namespace }) => namespace);
    const prefix = namespaceOf(this.#dice).slice(0, below(3));
    const suffix = namespaceOf(this.#dice).slice(0, below(2));
    const maxDepth = 1 + below(3);
    const listed = await collect((page) =>
      this.#documents.namespaces(this.#scope, { prefix, suffix, maxDepth, limit: 1 + below(4), ...page }),
    );
    const expected = namespaces
      .filter((one) => matchesNamespace(one, prefix, suffix))
      .map((one) => documentSortKey(one.slice(0, maxDepth), "k"));
    expect(listed.map((one) => documentSortKey(one, "k"))).toEqual([...new Set(expected)].sort(compareUtf8));
  }
}

describe.skipIf(!requireService("redis", { for: "documents of store-redis against a model" }))(
  "documents on one server",
  () => {
    const open = useDocuments();

    it.each([1, 2, 3, 4])(
      "agree with a map and the reference filter through two clients, seed %i",
      async (seed) => {
        const fixture = open();
        // Tenants and sessions that would reach another's key, were they not encoded.
        const session = seed % 2 === 0 ? { session: "s:docs:{x}*" } : {};
        const scope: DocumentScope = { tenant: `model:{${seed}}`, ...session };
        if (scope.session !== undefined) {
          // Something of another session that may never show.
          const address = { tenant: scope.tenant, session: "s", namespace: ["a"], key: "1" };
          await fixture.store.documents.put(address, { value: 0, tags: ["red"] });
        }
        const story = new Story(seed, fixture, scope);
        for (let turn = 0; turn < 250; turn++) {
          await story.write(turn);
          await story.checkFind();
          if (turn % 10 === 0) await story.checkGetMany();
        }
        for (let turn = 0; turn < 20; turn++) await story.checkNamespaces();
        expect(await fixture.faults()).toEqual([]);
      },
    );

    it("cursors that nobody was given only name a place", async () => {
      const { documents } = open().store;
      const tenant = "cursors";
      for (const namespace of [["a"], ["b"], ["c"]])
        await documents.put({ tenant, namespace, key: "k" }, { value: 1, tags: ["t"] });
      const before = encodeCursor("documents", [["a"], "k"]);
      const behind = encodeCursor("documents", [["c"], "k"]);
      for (const tags of [undefined, { any: ["t"] }]) {
        const find = async (cursor: string, direction: "forward" | "backward"): Promise<number> => {
          const options = { namespacePrefix: ["b"], cursor, direction, ...(tags && { tags }) };
          return (await documents.find({ tenant }, options)).items.length;
        };
        expect(await find(before, "forward")).toBe(1);
        expect(await find(behind, "forward")).toBe(0);
        expect(await find(behind, "backward")).toBe(1);
        expect(await find(before, "backward")).toBe(0);
      }
      const deep = encodeCursor("namespaces", [["b", "x", "y"]]);
      expect((await documents.namespaces({ tenant }, { cursor: deep, maxDepth: 1 })).items).toEqual([["c"]]);
    });
  },
);
